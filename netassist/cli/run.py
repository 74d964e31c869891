"""``netassist run``: one tool, without any model."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from netassist.cli.exits import CLEAN, FINDINGS, INCOMPLETE, INTERRUPTED, REFUSED, USAGE
from netassist.cli.options import Approve, Config, FailOn, Format, reaches

if TYPE_CHECKING:
    from netassist.assistant.gate import Pass
    from netassist.configuration import Settings
    from netassist.observations import Report
    from netassist.toolbox import Call, Risk


def run(
    tool: Annotated[str, Parameter(help="The tool's name; `netassist tools` lists them.")],
    /,
    *arguments: Annotated[str, Parameter(help="Its arguments as key=value.", allow_leading_hyphen=True)],
    format: Format = "text",
    approve: Approve = (),
    fail_on: FailOn = "never",
    config: Config = None,
) -> int:
    """Run one tool without any model."""
    import asyncio

    from netassist.configuration import load
    from netassist.toolbox import from_words

    pairs = dict(argument.partition("=")[::2] for argument in arguments)
    wrong = next((argument for argument in arguments if "=" not in argument), None)
    if wrong is not None:
        print(f"netassist: {wrong!r} is not key=value; for example: netassist run ping host=192.0.2.1", file=sys.stderr)
        return USAGE
    call = from_words(tool, pairs)
    settings = load(config)
    return asyncio.run(_ran(call, settings, frozenset(approve), format, fail_on))


async def _ran(call: Call, settings: Settings, approved: frozenset[Risk], format: str, fail_on: str) -> int:
    from netassist.assistant.gate import Refused, admit
    from netassist.assistant.journal import Journal, entry
    from netassist.cli.output import show
    from netassist.cli.terminal import approve
    from netassist.configuration import state_folder

    journal = Journal(state_folder())
    journal.open()
    request = f"run {call}"
    try:
        passed = await admit(call, settings, None, approved, approve)
    except Refused as refused:
        journal.write(entry(request, "the user", call, "nobody", str(refused)))
        print(f"netassist: {refused}", file=sys.stderr)
        return USAGE if refused.kind == "invalid" else INCOMPLETE if refused.kind == "unavailable" else REFUSED
    report, interrupted = await _measured(call, passed, settings)
    journal.write(entry(request, "the user", call, passed.allowed_by, report))
    show(report, format)
    if interrupted:
        return INTERRUPTED
    if report.error is not None and report.error.kind == "out_of_scope":
        return REFUSED
    if report.status != "ok":
        return INCOMPLETE
    return FINDINGS if reaches(report.findings, fail_on) else CLEAN


async def _measured(call: Call, passed: Pass, settings: Settings) -> tuple[Report, bool]:
    from netassist import toolbox
    from netassist.assistant.conversation import network_for
    from netassist.audit import judged
    from netassist.cli.terminal import ProgressLine, interruptible

    line, interrupted = ProgressLine(), False
    network = network_for(call, passed, settings, lambda progress: line.moved(0, progress))

    def interrupt() -> None:
        nonlocal interrupted
        interrupted = True
        network.interrupt()

    with interruptible(interrupt):
        report = judged(await toolbox.run(call, network))
    line.clear()
    return report, interrupted
