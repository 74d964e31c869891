"""Nmap's XML (nmap.dtd) as frozen values; also of a file that was cut short."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import NamedTuple, cast
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import msgspec
import nmap

from netassist.observations import Failed
from netassist.targets import is_port_list
from netassist.untrusted import as_text

GUESSED = 3
"""Nmap's confidence in a service name that it has from the port number alone."""
SCRIPT_LIMIT = 2000
"""Characters that are kept of one NSE script's output."""
MOST_DATA, DEEPEST_DATA, DATUM_LIMIT = 500, 8, 500
"""Items that are kept of one NSE script's data, how deep tables may stand in tables, and characters of one item."""


class NmapPort(msgspec.Struct, frozen=True, kw_only=True):
    """One port. `confidence` is Nmap's, from 0 to 10 (3: the service is a guess by port number); `tunnel` is ``ssl`` for TLS.

    `extra` is what the service says beside its version. `scripts` is the text of NSE scripts by their names; `script_data` is
    what those that give data say: text, a list where the rows of a table have no keys, an object where they have.
    """

    port: int
    protocol: str
    state: str
    service: str | None = None
    product: str | None = None
    version: str | None = None
    cpe: tuple[str, ...] = ()
    scripts: dict[str, str] = {}
    script_data: dict[str, object] = {}
    extra: str | None = None
    tunnel: str | None = None
    confidence: int | None = None

    @property
    def probed(self) -> bool:
        """Whether the service itself told its name; Nmap is surer then than of a name that it has from the number alone."""
        return (self.confidence or 0) > GUESSED


class OsGuess(msgspec.Struct, frozen=True):
    """An operating system that the fingerprint fits; `accuracy` in per cent."""

    name: str
    accuracy: int


class NmapHost(msgspec.Struct, frozen=True, kw_only=True):
    """One host. `state` is ``up``, ``down``, or ``unknown`` where nothing answered and nothing had to (``-Pn``).

    `not_shown` counts ports by state that Nmap lists no further; `timed_out` says that Nmap gave the host up.
    """

    address: str
    hostnames: tuple[str, ...] = ()
    state: str
    os: tuple[OsGuess, ...] = ()
    ports: tuple[NmapPort, ...] = ()
    not_shown: dict[str, int] = {}
    scripts: dict[str, str] = {}
    script_data: dict[str, object] = {}
    timed_out: bool = False


class Scan(NamedTuple):
    """The hosts of a scan, whether Nmap came to its end, and the ports that it was to look at; None where it tells none."""

    hosts: tuple[NmapHost, ...]
    complete: bool
    ports: str | None = None


def read_scan(raw: bytes, program: str) -> Scan:
    """Nmap's XML output, whole or cut short, read by python-nmap; hosts of a scan that was cut short are those that are whole.

    Args:
        raw: what Nmap has written, untrusted.
        program: path of Nmap, which python-nmap insists on finding.

    Raises:
        Failed: `missing_program` where what is there is not Nmap.
    """
    xml, complete = closed(raw)
    parsed = _reader(program).analyse_nmap_xml_scan(xml)
    # Nmap writes no entity declarations, and expat refuses to blow up those of others (its amplification limit).
    document = ElementTree.fromstring(xml)  # noqa: S314
    elements = {_address(host): host for host in document.findall("host")}
    hosts = tuple(_host(address, parsed["scan"][address], element) for address, element in elements.items())
    told = document.find("scaninfo")
    ports = told.get("services", "") if told is not None else ""
    return Scan(hosts, complete, ports if is_port_list(ports) else None)


def prepare(program: str) -> None:
    """Let python-nmap find out what Nmap it has, which it does by running it, so that `read_scan` need not wait for that."""
    with contextlib.suppress(Failed):
        _reader(program)


@lru_cache(maxsize=4)
def _reader(program: str) -> nmap.PortScanner:
    try:
        return nmap.PortScanner(nmap_search_path=(program,))
    except nmap.PortScannerError as error:
        raise Failed("missing_program", f"{program} is not Nmap; install it: apt install nmap") from error


def closed(raw: bytes) -> tuple[str, bool]:
    """A well-formed document of those hosts in `raw` that are whole, and whether the scan had come to its end."""
    parser: ElementTree.XMLPullParser[Element] = ElementTree.XMLPullParser(("start", "end"))
    document, depth = Element("nmaprun"), 0
    children: list[Element] = []
    try:
        parser.feed(raw)
        for event, element in cast("Iterator[tuple[str, Element]]", parser.read_events()):
            depth += 1 if event == "start" else -1
            if event == "start" and depth == 1:
                document.attrib.update(element.attrib)
            elif event == "end" and depth == 1:
                children.append(element)
    except ElementTree.ParseError:
        depth = -1
    wanted = [child for child in children if child.tag == "scaninfo" or (child.tag == "host" and _address(child))]
    statistics = next((child for child in children if child.tag == "runstats"), None)
    finished = statistics.find("finished") if statistics is not None else None
    complete = depth == 0 and finished is not None and finished.get("exit", "success") == "success"
    document.extend([*wanted, _end()])
    return ElementTree.tostring(document, encoding="unicode"), complete


def _end() -> Element:
    """The run statistics that python-nmap will not do without, with nothing in them."""
    end = Element("runstats")
    end.extend([Element("finished"), Element("hosts")])
    return end


def _address(host: Element) -> str:
    """The address by which python-nmap keys a host: IPv4 before any other."""
    found = {item.get("addrtype", ""): item.get("addr", "") for item in host.findall("address")}
    return found.get("ipv4") or next(iter(found.values()), "")


def _host(address: str, parsed: Mapping[str, object], element: Element) -> NmapHost:
    ports = tuple(sorted(_ports(element, parsed), key=lambda port: (port.protocol, port.port)))
    not_shown = {item.get("state", ""): int(item.get("count", "0")) for item in element.findall("ports/extraports")}
    status = parsed.get("status")
    state, reason = (str(status["state"]), str(status["reason"])) if isinstance(status, dict) else ("unknown", "")
    answers = {"open", "closed", "unfiltered"} & {*not_shown, *(port.state for port in ports)}
    if reason == "user-set" and not answers:
        state = "unknown"
    return NmapHost(
        address=address,
        hostnames=tuple(as_text(item.get("name", ""), 255) for item in element.findall("hostnames/hostname")),
        state=state,
        os=tuple(OsGuess(as_text(str(match["name"]), 200), int(str(match["accuracy"]))) for match in _rows(parsed, "osmatch")),
        ports=ports,
        not_shown=not_shown,
        scripts={as_text(str(row["id"]), 100): as_text(str(row["output"]), SCRIPT_LIMIT) for row in _rows(parsed, "hostscript")},
        script_data=_script_data(element.find("hostscript")),
        timed_out=element.get("timedout") == "true",
    )


def _ports(element: Element, parsed: Mapping[str, object]) -> Iterator[NmapPort]:
    """Ports as python-nmap reads them, with the TLS tunnel and all the CPEs, which it leaves out."""
    for item in element.findall("ports/port"):
        protocol, number = item.get("protocol", ""), int(item.get("portid", "0"))
        by_number = parsed.get(protocol)
        facts = by_number[number] if isinstance(by_number, dict) else {}
        service = item.find("service")
        scripts: dict[str, str] = facts.get("script", {})
        yield NmapPort(
            port=number,
            protocol=protocol,
            state=facts["state"],
            service=_text(facts["name"]),
            product=_text(facts["product"]),
            version=_text(facts["version"]),
            cpe=tuple(as_text(found.text or "", 200) for found in item.findall("service/cpe")),
            scripts={as_text(name, 100): as_text(output or "", SCRIPT_LIMIT) for name, output in scripts.items()},
            script_data=_script_data(item),
            extra=_text(service.get("extrainfo")) if service is not None else None,
            tunnel=service.get("tunnel") if service is not None else None,
            confidence=int(facts["conf"]) if str(facts["conf"]).isdigit() else None,
        )


def _script_data(parent: Element | None) -> dict[str, object]:
    """The data of each script below an element, of all of them at most `MOST_DATA` items."""
    found: dict[str, object] = {}
    for script in parent.findall("script") if parent is not None else ():
        if len(script):
            found[as_text(script.get("id", ""), 100)] = _data(script, [MOST_DATA], 0)
    return found


def _data(element: Element, left: list[int], depth: int) -> object:
    """``table`` and ``elem`` (nmap.dtd) below an element; what is beyond the bounds is left out."""
    rows: list[tuple[str | None, object]] = []
    for child in element:
        if child.tag not in ("elem", "table") or left[0] <= 0 or depth > DEEPEST_DATA:
            continue
        left[0] -= 1
        value = as_text(child.text or "", DATUM_LIMIT) if child.tag == "elem" else _data(child, left, depth + 1)
        rows.append((child.get("key"), value))
    if any(key is not None for key, _ in rows):
        return {as_text(key if key is not None else str(number), 100): value for number, (key, value) in enumerate(rows, 1)}
    return tuple(value for _, value in rows)


def _rows(parsed: Mapping[str, object], key: str) -> list[dict[str, object]]:
    rows = parsed.get(key)
    return rows if isinstance(rows, list) else []


def _text(value: str | None) -> str | None:
    return as_text(value or "", 200) or None
