"""Options that several commands share, and the words their help uses."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter, validators

from netassist.cli.completion import model_files
from netassist.observations import SEVERITIES, Finding
from netassist.remotes import BackendId
from netassist.reports.formats import FormatName

Format = Annotated[Literal["text", "json"], Parameter(name=("-f", "--format"), help="How to print the result.")]
ReportFormat = Annotated[
    FormatName, Parameter(name=("-f", "--format"), help="How to print reports; json of several is an array.")
]
Output = Annotated[
    tuple[Path, ...],
    Parameter(
        name=("-o", "--output"),
        help="Also write the reports to this file, in the format that its name ends in (.html, .sarif, .csv and so on), else in "
        "that of -f; may be given several times.",
        consume_multiple=False,
        negative="",
    ),
]
Config = Annotated[Path | None, Parameter(help="Another configuration file than the user's own.")]
CaFile = Annotated[
    Path | None, Parameter(name="--ca-file", help="PEM certificates of authorities to trust besides the system's.")
]
CheckRevocation = Annotated[
    bool,
    Parameter(
        name="--check-revocation",
        help="Ask the OCSP responders and CRL servers that trusted certificates name, though you have not named them.",
        negative="",
    ),
]
ModelFile = Annotated[
    Path | None,
    Parameter(
        name="--model",
        help="A GGUF file, or a fetched model's name, to plan with instead of the built-in model.",
        completer=model_files,
    ),
]
BackendName = Annotated[
    BackendId | None,
    Parameter(name="--backend", help="Plan with this backend and no other, whatever order the configuration has."),
]
Threads = Annotated[
    int | None, Parameter(help="Threads of the model; all usable cores where left out. The built-in one takes one in any case.")
]
Thinking = Annotated[
    Literal["on", "off"],
    Parameter(name="--thinking", help="Let a model that can think aloud do so first, which takes minutes on a CPU."),
]
ThoughtTokens = Annotated[
    int,
    Parameter(
        name="--thinking-tokens",
        help="The most tokens of one thought; it is cut off there.",
        validator=validators.Number(gte=16, lte=4096),
    ),
]
Approve = Annotated[
    tuple[Literal["active", "intrusive", "change"], ...],
    Parameter(
        name="--approve",
        help="Allow calls of this risk tier without asking: intrusive (vulnerability scripts, networks above /20), change, or "
        "active where the configuration asks about that.",
        consume_multiple=False,
        negative="",
    ),
]
FailOn = Annotated[
    Literal["critical", "high", "medium", "low", "info", "never"],
    Parameter(help="Exit with 1 where there is a finding of this severity or a worse one."),
]


def reaches(findings: Sequence[Finding], fail_on: str) -> bool:
    """Whether one of the findings is of the severity `fail_on` or a worse one."""
    limit = SEVERITIES.index(fail_on) if fail_on in SEVERITIES else -1
    return any(SEVERITIES.index(finding.severity) <= limit for finding in findings)
