"""``netassist plan``: decide the calls and run nothing."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

import msgspec
from cyclopts import Parameter

from netassist.cli.exits import USAGE
from netassist.cli.options import BackendName, Config, Format, ModelFile, Thinking, ThoughtTokens, Threads

if TYPE_CHECKING:
    from netassist.backends.planning import Backend
    from netassist.configuration import Settings


class _Message(msgspec.Struct):
    content: str


class _Case(msgspec.Struct):
    """One line of a NetBench file; what else it holds is for the scorer."""

    id: str | int
    question: list[Annotated[list[_Message], msgspec.Meta(min_length=1)]]


def plan(
    *question: Annotated[str, Parameter(help="The question in plain words.")],
    format: Format = "text",
    input: Annotated[
        Path | None, Parameter(help="NetBench cases, one JSON object a line; - is standard input.", allow_leading_hyphen=True)
    ] = None,
    output: Annotated[Path | None, Parameter(help="Where the predictions go; standard output where left out.")] = None,
    model: ModelFile = None,
    threads: Threads = None,
    thinking: Thinking = "off",
    thought_tokens: ThoughtTokens = 1024,
    backend: BackendName = None,
    config: Config = None,
) -> int:
    """Decide which tools a question needs, over all tools of the contract, and run nothing."""
    import asyncio

    from netassist.cli.backend import chosen_backend
    from netassist.cli.terminal import ProgressLine
    from netassist.configuration import load
    from netassist.toolbox import InvalidCall

    if bool(question) == (input is not None):
        print('netassist: give either a question or --input; for example: netassist plan "is 192.0.2.1 up?"', file=sys.stderr)
        return USAGE
    if question and output is not None:
        raise InvalidCall("--output goes with --input; the plan of one question is printed")
    if input is not None and output is not None and _same(input, output):
        raise InvalidCall(f"--output {output} is the file of the cases, which would be lost; name another")
    settings = load(config)
    line = ProgressLine()
    planner = chosen_backend(settings, model, threads, thinking, thought_tokens, line, backend)
    if input is None:
        return asyncio.run(_one(planner, settings, " ".join(question), format))
    return asyncio.run(_many(planner, settings, input, output))


async def _one(backend: Backend, settings: Settings, question: str, format: str) -> int:
    from netassist.toolbox import tools
    from netassist.untrusted import as_text

    try:
        made = await backend.plan(question, (), list(tools().values()), settings.inventory)
    finally:
        await backend.close()
    if format == "json":
        print(msgspec.json.format(msgspec.json.encode(made), indent=2).decode())
    else:
        if made.thought:
            from netassist.cli.output import folded

            print(folded(made.thought), file=sys.stderr)
        print("\n".join(map(str, made.calls)) or as_text(made.text) or _NONE[made.outcome])
    return USAGE if made.outcome == "clarify" else 0


_NONE = {"clarify": "asks back: which target?", "no_call": "no tool serves this"}


async def _many(backend: Backend, settings: Settings, input: Path, output: Path | None) -> int:
    """Plan every case of a NetBench file, each turn with the calls that were planned for the turns before it."""
    from netassist.backends.planning import in_turn
    from netassist.toolbox import tools

    offered = list(tools().values())
    rows = list(_cases(_lines(input), input))
    try:
        with _sink(output) as sink:
            for number, (case, turns) in enumerate(rows, 1):
                planned = await in_turn(backend, turns, offered, settings.inventory)
                row = {"id": case, "turns": [{"outcome": turn.outcome, "calls": turn.calls} for turn in planned]}
                sink.write(msgspec.json.encode(row).decode() + "\n")
                if sys.stderr.isatty():
                    sys.stderr.write(f"\r{number} of {len(rows)}")
    finally:
        await backend.close()
    if sys.stderr.isatty():
        sys.stderr.write("\r\x1b[K")
    return 0


def _same(input: Path, output: Path) -> bool:
    return input.exists() and output.exists() and input.samefile(output)


def _lines(input: Path) -> list[bytes]:
    return (sys.stdin.buffer.read() if str(input) == "-" else input.read_bytes()).splitlines()


@contextlib.contextmanager
def _sink(output: Path | None) -> Iterator[TextIO]:
    """Where the predictions go; an OSError names it."""
    if output is None:
        yield sys.stdout
        return
    try:
        with output.open("w", encoding="utf-8") as file:
            yield file
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(output)) from None


def _cases(lines: Sequence[bytes], name: Path) -> Iterator[tuple[str, list[str]]]:
    """The id and the requests of each case; raises InvalidCall, which names the line."""
    from netassist.toolbox import InvalidCall

    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                case = msgspec.json.decode(line.decode("utf-8"), type=_Case)
                yield str(case.id), [turn[0].content for turn in case.question]
            except UnicodeDecodeError:
                raise InvalidCall(f"{name}:{number}: not UTF-8") from None
            except msgspec.ValidationError:
                raise InvalidCall(f"{name}:{number}: not a NetBench case; {_FORM}") from None
            except msgspec.DecodeError:
                raise InvalidCall(f"{name}:{number}: not JSON; {_FORM}") from None


_FORM = 'a line is {"id": "…", "question": [[{"content": "…"}]]}, one inner list a turn'
