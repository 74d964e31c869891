"""Do the tools agree? What each says of versions, suites and groups of the lab's servers, held against the truth file of each.

    python -m benchmarks.agreement [--tool NAME]… [--seconds N] [SERVER…]

Servers behind STARTTLS are left out: not every tool speaks each protocol.
"""

from __future__ import annotations

import argparse
import subprocess
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks import peers, s_client
from benchmarks.answers import VERSIONS, Answers, group_codes, suite_code
from benchmarks.table import head, row
from netassist.tls.groups import group
from netassist.tls.suites import suite
from tests.lab.servers import Served, servers
from tests.lab.truth import Truth, names, truth_of

SHORT = ("openssl4_modern", "openssl4_everything", "tlslite_old")
_SCRIPTED = "scripted_"
"""Servers that are a script have one answer to everything, which is nothing that tools could agree on."""
_SHOWN = 6
"""Names that a difference is spelled out with."""


def measured(chosen: Sequence[str] | None, *, testssl: bool, only: Sequence[str] = (), seconds: float = 300.0) -> Iterator[str]:
    """A table, row by row, and below it every difference from the truth; of all tools, or those named in `only`.

    A tool may take `seconds` for a server.
    """
    tools: dict[str, Callable[[str, int], Answers]] = {"netassist": peers.ours}
    for peer in peers.PEERS:
        if peers.path_of(peer) and (testssl or peer is not peers.TESTSSL):
            tools[peer.name] = partial(peers.answers, peer, seconds=seconds)
    tools["openssl s_client"] = s_client.enumerated
    tools = {name: ask for name, ask in tools.items() if not only or name in only}
    known, said = servers(), list[str]()
    yield from head(("server", "truth", *tools))
    for name in chosen or (name for name in names() if not name.startswith(_SCRIPTED)):
        truth = truth_of(name)
        if truth.protocols is None or name not in known:
            continue
        with TemporaryDirectory(prefix="netassist-bench-") as folder, known[name](Path(folder)) as served:
            if served.starttls is not None:
                continue
            true = of_truth(truth)
            found = {tool: _asked(ask, served) for tool, ask in tools.items()}
        yield row((name, counts(true), *(cell(held, true) if isinstance(held, Answers) else "failed" for held in found.values())))
        by_words: dict[str, list[str]] = {}
        for tool, answer in found.items():
            for words in differences(answer, true) if isinstance(answer, Answers) else (answer,):
                by_words.setdefault(words, []).append(tool)
        said += [f"- {name}: {', '.join(who)}: {words}" for words, who in by_words.items()]
    yield "\nVersions / suites (one in two versions counts twice) / groups; ✓ all, − missed, + invented, · not enumerated.\n"
    yield from said


def _asked(ask: Callable[[str, int], Answers], served: Served) -> Answers | str:
    """What a tool says, or why it says nothing."""
    try:
        return ask(served.host, served.port)
    except (RuntimeError, subprocess.TimeoutExpired) as error:
        return f"fails: {' '.join(str(error).split())[:200]}"


def of_truth(truth: Truth) -> Answers:
    """As a tool would say it."""
    declared = truth.suites.items() if truth.suites is not None else ()
    suites = {(version, suite_code(name)) for versions, held in declared for version in versions.split() for name in held}
    groups = group_codes(truth.groups) if truth.groups is not None else None
    return Answers(frozenset(truth.protocols or ()), frozenset(suites) if truth.suites is not None else None, groups)


def counts(true: Answers) -> str:
    return " / ".join("·" if held is None else str(len(held)) for held in true)


def cell(answer: Answers, true: Answers) -> str:
    return " / ".join(_mark(found, wanted) for found, wanted in zip(answer, true, strict=True))


def _mark(found: frozenset[object] | None, true: frozenset[object] | None) -> str:
    if found is None or true is None:
        return "·"
    missed, invented = len(true - found), len(found - true)
    return " ".join(part for part in (f"−{missed}" if missed else "", f"+{invented}" if invented else "") if part) or "✓"


def differences(answer: Answers, true: Answers) -> Iterable[str]:
    """In words: versions, then suites and groups by name."""
    for verb, one, other in (("misses", true, answer), ("invents", answer, true)):
        if versions := [name for name in VERSIONS if name in one.versions - other.versions]:
            yield f"{verb} {', '.join(versions)}"
        # Suites of a version that is missed say no more than that.
        left = (one.suites or frozenset()) - other.suites if other.suites is not None else frozenset()
        if codes := sorted({code for version, code in left if version in other.versions}):
            yield f"{verb} {_listed([suite(code).name if code >= 0 else 'a suite that nobody registered' for code in codes])}"
        if one.groups is not None and other.groups is not None and (groups := one.groups - other.groups):
            yield f"{verb} {_listed([group(code).name for code in sorted(groups)])}"


def _listed(found: list[str]) -> str:
    more = len(found) - _SHOWN
    return ", ".join(found[:_SHOWN]) + (f" and {more} more" if more > 0 else "")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("servers", nargs="*", help="names of truth files; all of them where none is named")
    parser.add_argument("--tool", action="append", default=[], help="the name of a column; all of them where none is named")
    parser.add_argument("--seconds", type=float, default=300.0, help="time that a tool has for a server")
    options = parser.parse_args()
    for line in measured(options.servers or None, testssl=True, only=options.tool, seconds=options.seconds):
        print(line, flush=True)


if __name__ == "__main__":
    main()
