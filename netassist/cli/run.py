"""``netassist run``: one tool, without any model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from cyclopts import Parameter

from netassist.cli.completion import tool_arguments, tool_names
from netassist.cli.exits import USAGE
from netassist.cli.options import Approve, CaFile, CheckRevocation, Config, FailOn, Output, ReportFormat


def run(
    tool: Annotated[str, Parameter(help="The tool's name; `netassist tools` lists them.", completer=tool_names)],
    /,
    *arguments: Annotated[
        str, Parameter(help="Its arguments as key=value.", allow_leading_hyphen=True, completer=tool_arguments)
    ],
    format: ReportFormat = "text",
    output: Output = (),
    approve: Approve = (),
    fail_on: FailOn = "never",
    ca_file: CaFile = None,
    check_revocation: CheckRevocation = False,
    config: Config = None,
) -> int:
    """Run one tool without any model."""
    import asyncio

    from netassist.cli.measuring import Terms, measured, refused
    from netassist.cli.outputs import Outputs
    from netassist.configuration import load
    from netassist.toolbox import InvalidCall, from_words

    settings, outputs = load(config, ca_file), Outputs(format, output)
    pairs: dict[str, str] = {}
    try:
        pairs.update(_pairs(arguments))
        call = from_words(tool, pairs, settings.inventory)
    except InvalidCall as error:
        target = next((pairs[name] for name in ("host", "target", "url", "name") if name in pairs), "")
        outputs.add(refused(tool, target, "invalid", str(error)), told=True)
        outputs.end()
        return USAGE
    return asyncio.run(measured([call], Terms(settings, outputs, frozenset(approve), fail_on, check_revocation)))


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
