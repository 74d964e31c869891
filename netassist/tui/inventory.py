"""The user's own hosts, as they are written into the configuration's [targets]; everything else of the file stays as it is."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path

from netassist.configuration import BadConfiguration
from netassist.targets import host_of, parse_network, parse_target
from netassist.tui.preferences import write
from netassist.untrusted import as_text

MOST = 1000
_HEADER = re.compile(r"""\s*\[\s*["']?targets["']?\s*\]\s*(?:#.*)?""")


def read_list(text: str) -> dict[str, str]:
    """Hosts by the user's names for them: ``name = host`` a line, or the host alone. Raises ValueError with the line."""
    found: dict[str, str] = {}
    for number, raw in enumerate(text.splitlines(), 1):
        for piece in raw.partition("#")[0].split(",") if "=" not in raw else [raw.partition("#")[0]]:
            name, equals, host = (part.strip().strip("\"'") for part in piece.partition("="))
            host = host if equals else name
            if not host:
                continue
            try:
                if parse_network(host) is None:
                    host = parse_target(host_of(host)).text
            except ValueError as error:
                raise ValueError(f"line {number}: {error}") from None
            found[as_text(name if equals else host, 60)] = host
    if len(found) > MOST:
        raise ValueError(f"{len(found):,} hosts; {MOST:,} is the most")
    return found


def added(file: Path, hosts: Mapping[str, str]) -> None:
    """Write hosts into [targets] of the configuration. Raises BadConfiguration where that would change anything else."""
    try:
        text = file.read_text(encoding="utf-8") if file.exists() else ""
        before = tomllib.loads(text)
    except (OSError, ValueError) as error:
        raise BadConfiguration(f"{file}: {getattr(error, 'strerror', None) or error}; mend it first") from None
    known = before.get("targets", {})
    fresh = {name: host for name, host in hosts.items() if not isinstance(known, dict) or name not in known}
    if not fresh:
        return
    after = edited(text, fresh)
    try:
        right = tomllib.loads(after) == before | {"targets": {**known, **fresh}}
    except (tomllib.TOMLDecodeError, TypeError):
        right = False
    if not right:
        raise BadConfiguration(f"{file}: [targets] is written in a way that is not edited here; add the hosts there yourself")
    try:
        write(file, after)
    except OSError as error:
        raise BadConfiguration(f"{file}: {error.strerror}") from None


def edited(text: str, hosts: Mapping[str, str]) -> str:
    """The configuration with more hosts, below the header of [targets] or in a new table at the end."""
    fresh = [f"{_quoted(name)} = {_quoted(host)}\n" for name, host in hosts.items()]
    lines = text.splitlines(keepends=True)
    at = next((number for number, line in enumerate(lines) if _HEADER.fullmatch(line.rstrip("\n"))), None)
    if at is not None:
        lines[at] = lines[at].rstrip("\n") + "\n"
        return "".join([*lines[: at + 1], *fresh, *lines[at + 1 :]])
    gap = "" if not text else "\n" if text.endswith("\n") else "\n\n"
    return f"{text}{gap}[targets]\n{''.join(fresh)}"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
