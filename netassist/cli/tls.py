"""``netassist tls``: the TLS of one host or of ten thousand."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from netassist.cli.many import command
from netassist.cli.options import CaFile, CheckRevocation, Config, FailOn
from netassist.reports.formats import FormatName


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
        FormatName,
        Parameter(
            name=("-f", "--format"),
            help="How to print: text, json and jsonl as reports come, the others at the end; json of several is an array.",
        ),
    ] = "text",
    output: Annotated[
        Path | None,
        Parameter(
            name=("-o", "--output"),
            help="A new file for the reports instead, in the format that its name ends in (.html, .sarif, .csv and so on), else "
            "in that of -f.",
        ),
    ] = None,
    resume: Annotated[
        bool, Parameter(negative="", help="Go on with the -o FILE of an earlier run: what it holds is not measured again.")
    ] = False,
    fail_on: FailOn = "never",
    ca_file: CaFile = None,
    check_revocation: CheckRevocation = False,
    config: Config = None,
) -> int:
    """Audit the TLS of one host or of many."""
    return command.tls(
        *hosts,
        input=input,
        port=port,
        starttls=starttls,
        all_addresses=all_addresses,
        no_active_weaknesses=no_active_weaknesses,
        jobs=jobs,
        at_once=at_once,
        delay=delay,
        deadline=deadline,
        timeout=timeout,
        workers=workers,
        format=format,
        output=output,
        resume=resume,
        fail_on=fail_on,
        ca_file=ca_file,
        check_revocation=check_revocation,
        config=config,
    )
