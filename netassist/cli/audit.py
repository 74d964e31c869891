"""``netassist audit``: the comprehensive audit of hosts, networks and URLs, from the command line or a project file."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from netassist.cli.exits import USAGE
from netassist.cli.options import Approve, CaFile, CheckRevocation, Config, Output, ReportFormat

if TYPE_CHECKING:
    from netassist.audit.project import Project

Level = Literal["critical", "high", "medium", "low", "info", "never"]
MOST_JOBS = 64


def audit(
    *targets: Annotated[
        str,
        Parameter(help="Hosts, host:port, networks, URLs, or names from [targets]; those of netassist.toml where none is given."),
    ],
    input: Annotated[
        Path | None,
        Parameter(
            name=("-i", "--input"),
            allow_leading_hyphen=True,
            help="A list: a target a line, comments after #; - is standard input.",
        ),
    ] = None,
    ports: Annotated[
        str | None,
        Parameter(
            help="Ports of hosts that name none, such as 22,80,8000-8100; Nmap's 1,000 most common, and those of services "
            "that should not be open, if left out."
        ),
    ] = None,
    policy: Annotated[
        tuple[str, ...],
        Parameter(
            help="Hold TLS servers against this policy (docs/policies.md); may be given several times.",
            consume_multiple=False,
            negative="",
        ),
    ] = (),
    scripts: Annotated[
        bool, Parameter(negative="", help="Run Nmap's vulnerability scripts too, which asks first (--approve intrusive).")
    ] = False,
    project: Annotated[
        Path | None, Parameter(help="Another project file than the netassist.toml of this folder or the nearest above it.")
    ] = None,
    no_project: Annotated[bool, Parameter(negative="", help="Pass over any project file.")] = False,
    baseline: Annotated[
        Path | None, Parameter(help="An earlier result (-f json or jsonl): tell what is new, gone and unchanged.")
    ] = None,
    fail_on: Annotated[
        Level | None,
        Parameter(help="Exit with 1 where a finding is of this severity or worse; high, or never beside --fail-on-new."),
    ] = None,
    fail_on_new: Annotated[
        Level | None, Parameter(help="Exit with 1 where a finding that the baseline does not have is of this severity or worse.")
    ] = None,
    jobs: Annotated[int, Parameter(help="Hosts audited at the same time.")] = 4,
    deadline: Annotated[float, Parameter(help="Seconds that one host, or the search of one network, may take.")] = 900.0,
    total_deadline: Annotated[float | None, Parameter(help="Seconds for the whole; what is known by then is reported.")] = None,
    rate: Annotated[
        float | None, Parameter(help="Connections, and packets of Nmap's port scan, a second, over all hosts together.")
    ] = None,
    format: ReportFormat = "text",
    output: Output = (),
    resume: Annotated[
        bool, Parameter(negative="", help="Go on with the -o FILE.jsonl of an earlier run: what it holds is not audited again.")
    ] = False,
    approve: Approve = (),
    ca_file: CaFile = None,
    check_revocation: CheckRevocation = False,
    config: Config = None,
) -> int:
    """Audit hosts comprehensively."""
    import asyncio

    from netassist.audit import project as projects
    from netassist.cli.estate.baseline import Baseline
    from netassist.cli.estate.outputs import EstateOutputs
    from netassist.cli.estate.run import Run
    from netassist.cli.estate.tally import EstateTally
    from netassist.cli.estate.targets import Targets
    from netassist.cli.estate.terms import Terms
    from netassist.configuration import load

    settings = load(config, ca_file)
    held = _project(project, no_project=no_project)
    if held is not None:
        print(f"netassist: {held.file}: {_told(held, used=not targets and input is None)}", file=sys.stderr)
    words = targets or (() if input is not None or held is None else held.targets)
    if not words and input is None:
        print(f"netassist: name a target, as in netassist audit example.org, or targets in {projects.NAME}", file=sys.stderr)
        return USAGE
    ports = ports or (held.ports if held else None)
    _check(ports, policy, jobs, deadline, total_deadline, rate)
    old = baseline or (held.baseline if held else None)
    known = Baseline.read(old) if old is not None else None
    fail_on_new = fail_on_new or (held.fail_on_new if held else None)  # type: ignore[assignment]
    if fail_on_new not in (None, "never") and known is None:
        print("netassist: --fail-on-new needs a --baseline to tell what is new", file=sys.stderr)
        return USAGE
    level = fail_on or (held.fail_on if held else None) or ("never" if fail_on_new else "high")
    named = Targets(words, input, settings.inventory)
    # A mistake in a list is told before anything is touched.
    total = sum(1 for _ in named) + len(named.networks)
    if not total:
        print(f"netassist: {input} names no target; one a line, as in netassist audit example.org", file=sys.stderr)
        return USAGE
    jobs = jobs if named.networks else max(1, min(jobs, total))
    terms = Terms(
        settings=settings,
        today=datetime.now(UTC).date(),
        ports=ports,
        policies=tuple(dict.fromkeys((*policy, *(held.policies if held else ())))),
        scripts=scripts,
        exceptions=held.exceptions if held else (),
        baseline=known,
        approved=frozenset(approve),
        deadline=deadline,
        jobs=jobs,
        rate=rate / jobs if rate is not None else None,
        revocation=check_revocation,
        pages=named.pages,
    )
    outputs = EstateOutputs(format, output, resume=resume)
    tally = EstateTally(total, level, fail_on_new or "never")
    return asyncio.run(Run(named, terms, outputs, tally).whole(total_deadline))


def _project(file: Path | None, *, no_project: bool) -> Project | None:
    from netassist.audit.project import found, read

    if no_project:
        return None
    file = file or found(Path.cwd())
    return read(file) if file is not None else None


def _told(project: Project, *, used: bool) -> str:
    """What of the project file is in force, on one line."""
    from netassist.reports.words import count, listed

    parts = [count(len(project.targets), "target")] if used else []
    parts += [count(len(project.exceptions), "exception")] if project.exceptions else []
    parts += [f"policies {', '.join(project.policies)}"] if project.policies else []
    parts += [f"baseline {project.baseline.name}"] if project.baseline else []
    return f"in force: {listed(parts)}" if parts else "in force"


def _check(
    ports: str | None, policies: tuple[str, ...], jobs: int, deadline: float, total: float | None, rate: float | None
) -> None:
    from netassist.audit.project import unknown_policy
    from netassist.targets import is_port_list
    from netassist.toolbox import InvalidCall

    if ports is not None and not is_port_list(ports):
        raise InvalidCall(f"--ports: {ports!r} is not a list such as 22,80,8000-8100")
    for name in policies:
        if wrong := unknown_policy(name):
            raise InvalidCall(f"--policy: {wrong}")
    if not 1 <= jobs <= MOST_JOBS:
        raise InvalidCall(f"--jobs: {jobs} is not between 1 and {MOST_JOBS}")
    numbers = (("--deadline", deadline), ("--total-deadline", total), ("--rate", rate))
    for name, number in numbers:
        if number is not None and not 0.1 <= number <= 1_000_000:
            raise InvalidCall(f"{name}: {number:g} is not between 0.1 and 1,000,000")
