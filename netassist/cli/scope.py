"""``netassist scope``: whether a host may be touched and which rule says so, and what has been approved for always."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from netassist.cli.exits import CLEAN, REFUSED, USAGE
from netassist.cli.options import Config, Format

if TYPE_CHECKING:
    import msgspec

    from netassist.assistant.approvals import Approvals

app = App(name="scope", help_format="plaintext", help_formatter="plain")


@app.command
def check(
    *hosts: Annotated[str, Parameter(help="Hosts, addresses, networks, or host:port.", show_default=False)],
    format: Format = "text",
    config: Config = None,
) -> int:
    """Say of each host whether it may be touched where a request names it, and by which rule it may or may not.

    Names are looked up; nothing else is sent. Exits with 4 where one of them may not be touched.
    """
    import asyncio
    import json

    from netassist.cli.scope_verdict import verdict
    from netassist.configuration import load

    if not hosts:
        print("netassist: which host? For example: netassist scope check 192.0.2.7 mail.example.org:25", file=sys.stderr)
        return USAGE
    settings = load(config)

    async def every() -> list[msgspec.Struct]:
        return [await verdict(host, settings) for host in hosts]

    found = asyncio.run(every())
    if format == "json":
        print(json.dumps([_plain(one) for one in found], indent=2))
    else:
        for one in found:
            print(one)
    return CLEAN if all(getattr(one, "allowed", False) for one in found) else REFUSED


@app.command
def approvals(*, format: Format = "text") -> int:
    """List what has been approved for always, with the numbers by which `scope revoke` takes it back."""
    import json

    kept = _approvals().kept()
    if format == "json":
        print(json.dumps([_plain(one) for one in kept], indent=2))
        return CLEAN
    for number, one in enumerate(kept, 1):
        print(f"{number:3}  {one}{f', since {one.since:%Y-%m-%d %H:%M}Z' if one.since else ''}")
    if not kept:
        print("Nothing is approved for always.")
    return CLEAN


@app.command
def revoke(
    *numbers: Annotated[int, Parameter(help="Numbers as `scope approvals` lists them.")],
    all: Annotated[bool, Parameter(name="--all", help="Every one of them.", negative="")] = False,
) -> int:
    """Take back what has been approved for always; such calls are asked about again."""
    if bool(numbers) == all:
        print("netassist: which one? Give its number, as netassist scope approvals lists it, or --all", file=sys.stderr)
        return USAGE
    approved = _approvals()
    there = len(approved.kept())
    if wrong := [number for number in numbers if not 1 <= number <= there]:
        print(f"netassist: there is no number {wrong[0]}; netassist scope approvals lists {there}", file=sys.stderr)
        return USAGE
    for one in approved.revoke(None if all else frozenset(numbers)):
        print(f"revoked: {one}")
    return CLEAN


def _approvals() -> Approvals:
    from netassist.assistant.approvals import Approvals
    from netassist.configuration import state_folder

    return Approvals(folder=state_folder())


def _plain(value: msgspec.Struct) -> object:
    import msgspec

    return msgspec.to_builtins(value)
