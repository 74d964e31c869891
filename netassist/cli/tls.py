"""``netassist tls``: the TLS of one host or of ten thousand."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from netassist.cli.exits import USAGE
from netassist.cli.options import CaFile, CheckRevocation, Config, FailOn

if TYPE_CHECKING:
    from netassist.cli.many.orders import Terms

MOST_JOBS, MOST_AT_ONCE, MOST_WORKERS = 500, 64, 64
USUAL_WORKERS = 8
"""Processes at most where the user does not say; each takes some 60 MB."""
JOBS_OF_A_WORKER = 8
"""Servers below which another process takes longer to start than it saves."""
PORTS = {"smtp": 25, "imap": 143, "pop3": 110, "ftp": 21, "ldap": 389, "xmpp": 5222, "postgres": 5432, "mysql": 3306}


def tls(
    *hosts: Annotated[
        str,
        Parameter(
            help="Host, host:port, [IPv6]:port, https URL, a name from [targets], or a network of 4,096 addresses at most."
        ),
    ],
    input: Annotated[
        Path | None,
        Parameter(
            name=("-i", "--input"),
            allow_leading_hyphen=True,
            help="A list: a host a line, comments after #; - is standard input.",
        ),
    ] = None,
    port: Annotated[
        int | None, Parameter(help="Port of hosts that name none; 443, or that of the --starttls protocol, where left out.")
    ] = None,
    starttls: Annotated[
        Literal["smtp", "imap", "pop3", "ftp", "ldap", "xmpp", "postgres", "mysql"] | None,
        Parameter(help="Protocol to upgrade from plain text first."),
    ] = None,
    all_addresses: Annotated[bool, Parameter(negative="", help="One report for each address that a name has.")] = False,
    no_active_weaknesses: Annotated[
        bool, Parameter(negative="", help="Leave out the tests for weaknesses that take exchanges of their own.")
    ] = False,
    jobs: Annotated[int, Parameter(help="Servers audited at the same time.")] = 64,
    at_once: Annotated[int, Parameter(help="Connections to one server at the same time.")] = 8,
    delay: Annotated[float, Parameter(help="Seconds between two connections to one server.")] = 0.0,
    deadline: Annotated[float, Parameter(help="Seconds that one audit may take.")] = 60.0,
    timeout: Annotated[float, Parameter(help="Seconds that one step of it (connect, an answer, a look-up) may take.")] = 5.0,
    workers: Annotated[int | None, Parameter(help="Processes that share the audits; one a usable core where left out.")] = None,
    format: Annotated[
        Literal["text", "json", "jsonl"],
        Parameter(
            name=("-f", "--format"), help="How to print: jsonl is a report a line, as they come; json of several an array."
        ),
    ] = "text",
    output: Annotated[Path | None, Parameter(name=("-o", "--output"), help="A new file for the reports.")] = None,
    resume: Annotated[
        bool, Parameter(negative="", help="Go on with the -o FILE of an earlier run: what it holds is not measured again.")
    ] = False,
    fail_on: FailOn = "never",
    ca_file: CaFile = None,
    check_revocation: CheckRevocation = False,
    config: Config = None,
) -> int:
    """Audit the TLS of one host or of many."""
    if not hosts and input is None:
        print("netassist: name a host, or a list with -i; for example: netassist tls example.org", file=sys.stderr)
        return USAGE
    import asyncio

    from netassist.cli.many.hosts import Hosts
    from netassist.cli.many.orders import Terms
    from netassist.cli.many.run import run
    from netassist.configuration import load
    from netassist.targets import check_port

    _check_numbers(jobs, at_once, delay, deadline, timeout, workers)
    _check_output(format, output, resume=resume)
    try:
        usual = check_port(port) if port is not None else PORTS.get(starttls or "", 443)
    except ValueError as error:
        print(f"netassist: --port: {error}", file=sys.stderr)
        return USAGE
    settings = load(config, ca_file)
    named = Hosts(hosts, input, usual, settings.inventory)
    done: frozenset[int] = frozenset()
    # A mistake in the list is told before anything is touched.
    total = sum(1 for _ in named)
    if total == 0:
        print(f"netassist: {input} names no host; one a line, as in netassist tls example.org", file=sys.stderr)
        return USAGE
    if resume and output is not None and output.exists():
        from netassist.cli.many.resume import resumed

        done = resumed(output, starttls, addresses=all_addresses)
        if not all_addresses:
            from netassist.cli.many.flow import left

            total = sum(1 for _ in left(iter(named), done))
    terms = _for_text(
        Terms(
            settings=settings,
            form=format,
            deadline=deadline,
            timeout=timeout,
            starttls=starttls,
            active_weaknesses=not no_active_weaknesses,
            revocation=check_revocation,
            at_once=at_once,
            delay=delay,
            jobs=max(1, min(jobs, total)),
        ),
        output,
    )
    size = min(workers or min(len(os.sched_getaffinity(0)), USUAL_WORKERS), -(-total // JOBS_OF_A_WORKER), terms.jobs)
    _check_files(terms, max(1, size))
    return asyncio.run(run(named, total, done, terms, size, output, fail_on, addresses=all_addresses))


def _check_numbers(jobs: int, at_once: int, delay: float, deadline: float, timeout: float, workers: int | None) -> None:
    from netassist.toolbox import InvalidCall

    whole = (("--jobs", jobs, MOST_JOBS), ("--at-once", at_once, MOST_AT_ONCE), ("--workers", workers or 1, MOST_WORKERS))
    for name, number, most in whole:
        if not 1 <= number <= most:
            raise InvalidCall(f"{name}: {number} is not between 1 and {most}")
    seconds = (("--delay", delay, 0.0, 60.0), ("--deadline", deadline, 0.1, 86400.0), ("--timeout", timeout, 0.1, 600.0))
    for name, held, least, longest in seconds:
        if not least <= held <= longest:
            raise InvalidCall(f"{name}: {held:g} s are not between {least:g} and {longest:g}")


def _check_files(terms: Terms, workers: int) -> None:
    """A connection that this machine cannot open would read as a server that cannot be reached."""
    import resource

    from netassist.cli.many.orders import OTHER_FILES
    from netassist.toolbox import InvalidCall

    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    wanted = -(-terms.jobs // workers) * terms.at_once + OTHER_FILES
    if most != resource.RLIM_INFINITY and wanted > most:
        raise InvalidCall(f"a process would have {wanted:,} files open and may have {most:,} (ulimit -Hn); give fewer --jobs")


def _check_output(format: str, output: Path | None, *, resume: bool) -> None:
    from netassist.toolbox import InvalidCall

    if resume and (format != "jsonl" or output is None):
        raise InvalidCall("--resume goes with -f jsonl -o FILE")
    if output is not None and output.exists() and not resume:
        more = "; name another, or go on with it by --resume" if format == "jsonl" else "; name another"
        raise InvalidCall(f"{output} is there already and is not written over{more}")


def _for_text(terms: Terms, output: Path | None) -> Terms:
    if terms.form != "text":
        return terms
    from msgspec.structs import replace

    from netassist.reports.style import WIDTH, columns, wants_colour

    if output is not None:
        return replace(terms, width=WIDTH)
    encoding = sys.stdout.encoding or "ascii"
    return replace(terms, width=columns(sys.stdout), colour=wants_colour(sys.stdout), encoding=encoding)
