"""``netassist run``: one tool, without any model."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from netassist.cli.exits import CLEAN, FINDINGS, INCOMPLETE, INTERRUPTED, REFUSED, USAGE
from netassist.cli.options import Approve, CaFile, CheckRevocation, Config, FailOn, Format, reaches

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
    ca_file: CaFile = None,
    check_revocation: CheckRevocation = False,
    config: Config = None,
) -> int:
    """Run one tool without any model."""
    import asyncio

    from netassist.configuration import load
    from netassist.toolbox import InvalidCall, from_words

    settings = load(config, ca_file)
    pairs: dict[str, str] = {}
    try:
        pairs.update(_pairs(arguments))
        call = from_words(tool, pairs, settings.inventory)
    except InvalidCall as error:
        target = next((pairs[name] for name in ("host", "target", "url", "name") if name in pairs), "")
        return _refused(format, tool, target, "invalid", str(error), USAGE)
    return asyncio.run(_ran(call, settings, frozenset(approve), format, fail_on, check_revocation))


def _pairs(arguments: Sequence[str]) -> dict[str, str]:
    """``key=value`` words; raises InvalidCall."""
    from netassist.toolbox import InvalidCall

    pairs: dict[str, str] = {}
    for argument in arguments:
        name, equals, value = argument.partition("=")
        if not equals:
            raise InvalidCall(f"{argument!r} is not key=value; for example: netassist run ping host=192.0.2.1")
        if name in pairs:
            raise InvalidCall(f"{name} is given twice, as {pairs[name]!r} and as {value!r}; give it once")
        pairs[name] = value
    return pairs


def _refused(format: str, tool: str, target: str, rule: str, message: str, code: int) -> int:
    """Say why nothing was run: to the person, and as JSON to a program; the exit code."""
    from netassist.untrusted import as_text

    print(f"netassist: {as_text(message, 1000)}", file=sys.stderr)
    if format == "json":
        from netassist.cli.output import show
        from netassist.cli.refusal import refusal

        show(refusal(as_text(tool, 64), as_text(target, 253), rule, as_text(message, 1000)), format)
    return code


async def _ran(
    call: Call, settings: Settings, approved: frozenset[Risk], format: str, fail_on: str, check_revocation: bool
) -> int:
    from netassist.assistant.gate import Refused, admit
    from netassist.assistant.journal import Journal, entry
    from netassist.cli.output import show
    from netassist.cli.terminal import approve
    from netassist.configuration import state_folder
    from netassist.toolbox import targets_of

    journal = Journal(state_folder())
    journal.open()
    request = f"run {call}"
    try:
        passed = await admit(call, settings, None, approved, approve)
    except Refused as refused:
        journal.write(entry(request, "the user", call, "nobody", str(refused)))
        code = USAGE if refused.kind == "invalid" else INCOMPLETE if refused.kind == "unavailable" else REFUSED
        return _refused(format, call.name, " ".join(targets_of(call)), refused.kind, str(refused), code)
    report, interrupted = await _measured(call, passed, settings, check_revocation)
    journal.write(entry(request, "the user", call, passed.allowed_by, report))
    show(report, format)
    if interrupted:
        return INTERRUPTED
    if report.error is not None and report.error.kind == "out_of_scope":
        return REFUSED
    if report.error is not None and report.error.kind == "invalid":
        return USAGE
    if report.status != "ok":
        return INCOMPLETE
    return FINDINGS if reaches(report.findings, fail_on) else CLEAN


async def _measured(call: Call, passed: Pass, settings: Settings, check_revocation: bool) -> tuple[Report, bool]:
    from netassist import toolbox
    from netassist.assistant.gate import network_for
    from netassist.audit import judged
    from netassist.cli.terminal import ProgressLine, interruptible

    line, interrupted = ProgressLine(), False
    network = network_for(call, passed, settings, lambda progress: line.moved(0, progress))
    network.revocation = check_revocation

    def interrupt() -> None:
        nonlocal interrupted
        interrupted = True
        network.interrupt()

    with interruptible(interrupt):
        report = judged(await toolbox.run(call, network))
    line.clear()
    return report, interrupted
