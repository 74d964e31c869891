"""Renews the lists of RDAP servers in netassist/probes/data: IANA's bootstrap registries (RFC 9224).

    python build-support/rdap_bootstrap.py            # fetches them from https://data.iana.org/rdap/
    python build-support/rdap_bootstrap.py FOLDER     # takes dns.json, ipv4.json, ipv6.json and asn.json from there
    python build-support/rdap_bootstrap.py --check    # exit status 1 where those in the package are not well formed

Each is kept with the day that it is of and where it is from. A file that lost a tenth of its entries is refused: the one in the
package stays. The facts in the registries are free of rights.
"""

from __future__ import annotations

import json
import sys
import urllib.request
from collections.abc import Sequence
from ipaddress import ip_network
from pathlib import Path

DATA = Path(__file__).parents[1] / "netassist" / "probes" / "data"
SOURCE = "https://data.iana.org/rdap/"
NAMES = ("dns", "ipv4", "ipv6", "asn")
_LEAST = 0.9


def checked(name: str, raw: bytes) -> dict[str, object]:
    """The registry as it is kept; raises ValueError where it is not one."""
    held = json.loads(raw)
    services = [[list(map(str, entries)), list(map(str, urls))] for entries, urls in held["services"]]
    for entries, urls in services:
        if not entries or not urls or not all(url.startswith(("https://", "http://")) and url.endswith("/") for url in urls):
            raise ValueError(f"{name}: a service without entries or URLs, or with one that is no base: {entries[:3]} {urls}")
        for entry in entries:
            _check_entry(name, entry)
    as_of = str(held.get("as_of") or held["publication"])[:10]
    return {"registry": name, "as_of": as_of, "source": str(held.get("source") or f"{SOURCE}{name}.json"), "services": services}


def _check_entry(name: str, entry: str) -> None:
    """Raises ValueError where it is no label, no network or no range of numbers."""
    if name == "asn":
        first, _, last = entry.partition("-")
        if not 0 <= int(first) <= int(last or first) < 2**32:
            raise ValueError(f"{name}: {entry}")
    elif name != "dns":
        ip_network(entry)
    elif not entry.isascii() or entry != entry.lower():
        raise ValueError(f"{name}: {entry} is not in the form of an A-label")


def written(registry: dict[str, object]) -> str:
    """JSON with a line for each service, so that a difference can be read."""
    services = registry["services"]
    assert isinstance(services, list)
    head = ",\n".join(f" {json.dumps(key)}: {json.dumps(registry[key])}" for key in ("registry", "as_of", "source"))
    rows = ",\n".join(f"  {json.dumps(service, separators=(',', ':'))}" for service in services)
    return f'{{\n{head},\n "services": [\n{rows}\n ]\n}}\n'


def count(registry: dict[str, object]) -> int:
    services = registry["services"]
    assert isinstance(services, list)
    return sum(len(entries) for entries, _ in services)


def main(arguments: Sequence[str]) -> int:
    if arguments == ["--check"]:
        held = {name: (DATA / f"{name}.json").read_bytes() for name in NAMES}
        return 0 if all(written(checked(name, raw)) == raw.decode() for name, raw in held.items()) else 1
    for name in NAMES:
        if arguments:
            raw = (Path(arguments[0]) / f"{name}.json").read_bytes()
        else:
            with urllib.request.urlopen(f"{SOURCE}{name}.json", timeout=30) as answer:
                raw = answer.read(5_000_000)
        file, fresh = DATA / f"{name}.json", checked(name, raw)
        before = count(checked(name, file.read_bytes())) if file.exists() else 0
        if count(fresh) < _LEAST * before:
            raise ValueError(f"{name}: {count(fresh)} entries, where the one in the package has {before}; look at it first")
        file.write_text(written(fresh), encoding="utf-8")
        sys.stdout.write(f"{file.name}: as of {fresh['as_of']}, {count(fresh)} entries ({before} before)\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
