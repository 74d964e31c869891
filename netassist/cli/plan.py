"""``netassist plan``: decide the calls and run nothing."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

from cyclopts import Parameter

from netassist.cli.exits import USAGE
from netassist.cli.options import Config, Format, ModelFile, Threads

if TYPE_CHECKING:
    from netassist.backends.planning import Backend, Plan
    from netassist.configuration import Settings


def plan(
    *question: Annotated[str, Parameter(help="The question in plain words.")],
    format: Format = "text",
    input: Annotated[Path | None, Parameter(help="NetBench cases, one JSON object a line; - is standard input.")] = None,
    output: Annotated[Path | None, Parameter(help="Where the predictions go; standard output where left out.")] = None,
    model: ModelFile = None,
    threads: Threads = None,
    config: Config = None,
) -> int:
    """Decide which tools a question needs, over all tools of the contract, and run nothing."""
    import asyncio

    from netassist.cli.backend import chosen_backend
    from netassist.configuration import load

    if bool(question) == (input is not None):
        print('netassist: give either a question or --input; for example: netassist plan "is 192.0.2.1 up?"', file=sys.stderr)
        return USAGE
    settings = load(config)
    backend = chosen_backend(settings, model, threads)
    if input is None:
        return asyncio.run(_one(backend, settings, " ".join(question), format))
    return asyncio.run(_many(backend, settings, input, output))


async def _one(backend: Backend, settings: Settings, question: str, format: str) -> int:
    from netassist.toolbox import tools

    try:
        made = await backend.plan(question, (), list(tools().values()), settings.inventory)
    finally:
        await backend.close()
    if format == "json":
        import msgspec

        print(msgspec.json.format(msgspec.json.encode(made), indent=1).decode())
    else:
        print("\n".join(map(str, made.calls)) or _NONE[made.outcome])
    return USAGE if made.outcome == "clarify" else 0


_NONE = {"clarify": "asks back: which target?", "no_call": "no tool serves this"}


async def _many(backend: Backend, settings: Settings, input: Path, output: Path | None) -> int:
    """Plan every case of a NetBench file, each turn with the calls that were planned for the turns before it."""
    import contextlib

    import msgspec

    from netassist.backends.planning import Exchange
    from netassist.toolbox import tools

    offered = list(tools().values())
    with contextlib.ExitStack() as stack:
        rows = list(_cases(sys.stdin if str(input) == "-" else stack.enter_context(input.open(encoding="utf-8")), input))
        sink: TextIO = stack.enter_context(output.open("w", encoding="utf-8")) if output else sys.stdout
        try:
            for number, (case, turns) in enumerate(rows, 1):
                earlier: list[Exchange] = []
                plans: list[Plan] = []
                for request in turns:
                    made = await backend.plan(request, earlier, offered, settings.inventory)
                    plans.append(made)
                    earlier.append(Exchange(request, made.calls, made.outcome))
                row = {"id": case, "turns": [{"outcome": p.outcome, "calls": p.calls} for p in plans]}
                sink.write(msgspec.json.encode(row).decode() + "\n")
                if sys.stderr.isatty():
                    sys.stderr.write(f"\r{number} of {len(rows)}")
        finally:
            await backend.close()
    if sys.stderr.isatty():
        sys.stderr.write("\r\x1b[K")
    return 0


def _cases(source: TextIO, name: Path) -> Iterator[tuple[str, list[str]]]:
    import json

    for number, line in enumerate(source, 1):
        if line.strip():
            try:
                row = json.loads(line)
                yield str(row["id"]), [str(turn[0]["content"]) for turn in row["question"]]
            except (ValueError, KeyError, TypeError, IndexError) as error:
                from netassist.toolbox import InvalidCall

                raise InvalidCall(f"{name}:{number}: not a NetBench case ({type(error).__name__}: {error})") from None
