"""``netassist tls`` once its words have been read: what they mean, and whether it can be done."""

from __future__ import annotations

import contextlib
import gc
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from netassist.cli.exits import USAGE

if TYPE_CHECKING:
    from netassist.cli.many.orders import Terms
    from netassist.reports.formats import FormatName

MOST_JOBS, MOST_AT_ONCE, MOST_WORKERS = 500, 64, 64
USUAL_WORKERS = 8
"""Processes at most where the user does not say; each takes some 60 MB."""
JOBS_OF_A_WORKER = 8
"""Servers below which another process takes longer to start than it saves."""
PORTS = {"smtp": 25, "imap": 143, "pop3": 110, "ftp": 21, "ldap": 389, "xmpp": 5222, "postgres": 5432, "mysql": 3306}


def tls(
    *hosts: str,
    input: Path | None = None,
    port: int | None = None,
    starttls: str | None = None,
    all_addresses: bool = False,
    no_active_weaknesses: bool = False,
    jobs: int = 64,
    at_once: int = 8,
    delay: float = 0.0,
    deadline: float = 60.0,
    timeout: float = 5.0,
    workers: int | None = None,
    format: FormatName = "text",
    output: Path | None = None,
    resume: bool = False,
    fail_on: str = "never",
    ca_file: Path | None = None,
    check_revocation: bool = False,
    config: Path | None = None,
) -> int:
    """The exit code. The arguments are those that `netassist.cli.tls.tls` explains."""
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
    wanted = _format(format, output)
    _check_output(wanted, output, resume=resume)
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
            form=wanted if wanted in ("text", "json", "jsonl") else "jsonl",
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
    with _written(wanted, output) as file:
        resumable = wanted == "jsonl" and output is not None
        code = asyncio.run(run(named, total, done, terms, size, file, fail_on, addresses=all_addresses, resumable=resumable))
    # The interpreter looks for garbage once more before it ends, which takes a while and gives nothing back.
    gc.freeze()
    return code


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


def _format(format: FormatName, output: Path | None) -> FormatName:
    """The format that the name of `output` ends in, or else `format`."""
    if output is None:
        return format
    from netassist.reports.formats import format_of

    return format_of(output) or format


@contextlib.contextmanager
def _written(format: FormatName, output: Path | None) -> Iterator[Path | None]:
    """Where reports are written one by one; those of a format that is made of all of them are kept as lines until the end."""
    if format in ("text", "json", "jsonl"):
        yield output
        return
    from tempfile import TemporaryDirectory

    with TemporaryDirectory(prefix="netassist-") as folder:
        lines = Path(folder) / "reports.jsonl"
        yield lines
        if lines.stat().st_size:
            _render(lines, format, output)


def _render(lines: Path, format: FormatName, output: Path | None) -> None:
    from netassist.cli.outputs import write_file
    from netassist.reports.formats import Results, rendered
    from netassist.reports.stored import read_file

    data = rendered(format, Results(read_file(lines, "the reports")))
    if output is not None:
        write_file(output, data)
        return
    with contextlib.suppress(BrokenPipeError):
        sys.stdout.buffer.write(data)
        sys.stdout.flush()


def _check_output(format: FormatName, output: Path | None, *, resume: bool) -> None:
    from netassist.toolbox import InvalidCall

    if resume and (format != "jsonl" or output is None):
        raise InvalidCall("--resume goes with -f jsonl -o FILE")
    if output is not None and not output.parent.is_dir():
        raise InvalidCall(f"{output}: there is no folder {output.parent}; make it first")
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
