"""Stored results read back: a report, an answer or a session as JSON, an array of them, or one a line.

Types of reports are found by their `schema`; those that tools of users and packages bring of their own keep their fields as
they are. What is read is as untrusted as what comes from the network: its size and depth are bounded, every field is checked.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

import msgspec

from netassist.observations import Report

LARGEST = 256 << 20
"""Bytes of one file."""
MOST_REPORTS, DEEPEST, MOST_FIELDS = 200_000, 8, 200
TYPES: Mapping[str, str] = {
    "netassist/added_tool/1": "netassist.added_tools:ToolFailed",
    "netassist/alert-list/1": "netassist.reports.monitoring:AlertList",
    "netassist/audit/1": "netassist.audit.security_audit:SecurityAudit",
    "netassist/certificate/1": "netassist.tls.certificate:CertificateInfo",
    "netassist/dns/1": "netassist.probes.dns:DnsLookup",
    "netassist/http/1": "netassist.probes.http:HttpCheck",
    "netassist/mail/1": "netassist.probes.smtp:Mail",
    "netassist/monitor-change/1": "netassist.reports.monitoring:MonitorChange",
    "netassist/monitor-history/1": "netassist.reports.monitoring:MonitorHistory",
    "netassist/monitor-list/1": "netassist.reports.monitoring:MonitorList",
    "netassist/nmap/1": "netassist.probes.nmap:NmapScan",
    "netassist/ping/1": "netassist.probes.ping:Ping",
    "netassist/quantum/1": "netassist.quantum:QuantumCheck",
    "netassist/refusal/1": "netassist.reports.refusal:Refusal",
    "netassist/ssh/1": "netassist.probes.ssh:SshAudit",
    "netassist/tcp/1": "netassist.probes.tcp:TcpCheck",
    "netassist/tls-audit/1": "netassist.tls.audit:TlsAudit",
    "netassist/traceroute/1": "netassist.probes.traceroute:Traceroute",
    "netassist/whois/1": "netassist.probes.whois:Whois",
}
"""Types of reports by the names of their forms."""
_FOREIGN = re.compile(r"(?!netassist/)[a-z][\w.-]*/[a-z][\w-]*/\d+", re.ASCII)
_ANSWER, _SESSION = "netassist/answer/1", "netassist/session/1"


class BadResults(ValueError):
    """What was read is no result; the message says where, why and what to do."""


def type_of(schema: str) -> type[Report]:
    """The type whose form is named `schema`; raises KeyError."""
    module, _, name = TYPES[schema].partition(":")
    return cast("type[Report]", getattr(importlib.import_module(module), name))


def read(data: bytes, name: str) -> tuple[Report, ...]:
    """The reports in `data`, in their order; those of an answer are its steps', and a step without one is a refusal.

    Raises:
        BadResults: with `name` and the line.
    """
    if len(data) > LARGEST:
        raise BadResults(f"{name}: larger than {LARGEST >> 20} MB; render it in parts")
    reports: list[Report] = []
    for where, value in _values(data, name):
        for report in _reports(value, where, 0):
            if len(reports) == MOST_REPORTS:
                raise BadResults(f"{where}: more than {MOST_REPORTS:,} reports; render them in parts")
            reports.append(report)
    if not reports:
        raise BadResults(f"{name}: holds no result; store one with -f json or -f jsonl")
    return tuple(reports)


def read_file(file: Path | str, name: str = "") -> tuple[Report, ...]:
    """The reports in a file, which errors call by `name` where it is given. Raises BadResults, OSError."""
    with open(file, "rb") as stream:
        return read(stream.read(LARGEST + 1), name or str(file))


def _values(data: bytes, name: str) -> Iterator[tuple[str, Any]]:
    """Each JSON value with its place: the whole file where that is one, else its lines."""
    try:
        whole = msgspec.json.decode(data)
    except msgspec.DecodeError as error:
        # Only where the first line is whole are there lines of JSON; else the error of the file is the one to tell.
        first = data.lstrip().split(b"\n", 1)[0]
        if not _is_json(first):
            raise BadResults(f"{_with_line(data, name, error)}; give what -f json or -f jsonl has stored") from None
    except RecursionError:
        raise BadResults(f"{name}: nested too deeply to be a result of netassist") from None
    else:
        items = whole if isinstance(whole, list) else [whole]
        yield from ((name if len(items) == 1 else f"{name}: result {number}", item) for number, item in enumerate(items, 1))
        return
    for number, line in enumerate(data.splitlines(), 1):
        if line.strip():
            try:
                yield f"{name}:{number}", msgspec.json.decode(line)
            except (msgspec.DecodeError, RecursionError) as error:
                raise BadResults(f"{name}:{number}: no JSON ({error}); was the file cut short?") from None


def _is_json(line: bytes) -> bool:
    try:
        return isinstance(msgspec.json.decode(line), dict)
    except (msgspec.DecodeError, RecursionError):
        return False


def _with_line(data: bytes, name: str, error: Exception) -> str:
    """The file and the line that msgspec's message names by its byte."""
    found = re.search(r"\(byte (\d+)\)", str(error))
    line = data[: int(found[1])].count(b"\n") + 1 if found else data.count(b"\n") + 1
    return f"{name}:{line}: {error}"


def _reports(value: Any, where: str, depth: int) -> Iterator[Report]:
    if not isinstance(value, dict) or not isinstance(schema := value.get("schema"), str):
        raise BadResults(f"{where}: no result of netassist, for want of a schema; give what -f json or -f jsonl has stored")
    if depth > DEEPEST:
        raise BadResults(f"{where}: results within results, deeper than {DEEPEST}")
    if schema == _SESSION:
        for exchange in _list(value, "exchanges", where):
            yield from _reports(exchange.get("answer"), where, depth + 1)
    elif schema == _ANSWER:
        yield from _of_answer(value, where, depth)
    else:
        yield _report(value, schema, where, depth)


def _of_answer(answer: dict[str, Any], where: str, depth: int) -> Iterator[Report]:
    from netassist.reports.refusal import of_step

    before: Report | None = None
    for step in _list(answer, "steps", where):
        if step.get("report") is not None:
            for before in _reports(step["report"], where, depth + 1):
                yield before
        else:
            try:
                yield of_step(step, before.started if before else None)
            except msgspec.ValidationError as error:
                raise BadResults(f"{where}: no step of an answer: {error}") from None


def _report(value: dict[str, Any], schema: str, where: str, depth: int) -> Report:
    inside: list[tuple[Report, ...]] = []
    for host in _list(value, "hosts", where) if schema == "netassist/audit/1" else ():
        inside.append(tuple(found for part in _list(host, "reports", where) for found in _reports(part, where, depth + 1)))
        host["reports"] = []
    report = _converted(value, schema, where)
    if not inside:
        return report
    hosts = [msgspec.structs.replace(host, reports=held) for host, held in zip(report.hosts, inside, strict=True)]  # type: ignore[attr-defined]
    return msgspec.structs.replace(report, hosts=tuple(hosts))


def _converted(value: dict[str, Any], schema: str, where: str) -> Report:
    if schema in TYPES:
        form = type_of(schema)
    elif _FOREIGN.fullmatch(schema):
        form = _foreign(value, schema)
    else:
        raise BadResults(f"{where}: {schema!r} is no form of results that this version of netassist knows; update netassist")
    try:
        return msgspec.convert(value, form)
    except (msgspec.ValidationError, ValueError, OverflowError) as error:
        raise BadResults(f"{where}: no {schema} report: {error}") from None


def _foreign(value: dict[str, Any], schema: str) -> type[Report]:
    """A type with the fields of an added tool's report, as they are."""
    known = {"schema", *Report.__struct_fields__}
    names = [name for name in value if name.isidentifier() and name.isascii() and not name.startswith("_") and name not in known]
    fields = [(name, Any) for name in names[:MOST_FIELDS]]
    return cast(
        "type[Report]",
        msgspec.defstruct("Foreign", fields, bases=(Report,), frozen=True, kw_only=True, tag_field="schema", tag=schema),
    )


def _list(value: dict[str, Any], field: str, where: str) -> list[dict[str, Any]]:
    held = value.get(field, [])
    if not isinstance(held, list) or not all(isinstance(item, dict) for item in held):
        raise BadResults(f"{where}: {field} is no list of objects; the file is damaged")
    return held
