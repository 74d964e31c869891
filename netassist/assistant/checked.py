"""A model's answer held against what this conversation has measured.

Every port, state, product, version, date, name, address, cipher suite, group, grade, count, severity and verdict in the text is
looked for in the reports. What is not there is marked where it stands, what they contradict is struck out beside what was
measured. Pure, without a model, in time linear in the length of the text.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from netassist.assistant.checking.claims import judge_claims
from netassist.assistant.checking.counts import judge_counts
from netassist.assistant.checking.dates import judge_dates
from netassist.assistant.checking.facts import Checked, Fact
from netassist.assistant.checking.figures import judge_figures
from netassist.assistant.checking.marks import marked, one_a_place
from netassist.assistant.checking.mentions import mentions
from netassist.assistant.checking.names import judge_names
from netassist.assistant.checking.observed import Observed
from netassist.assistant.checking.passages import passages
from netassist.assistant.checking.port_states import judge_ports, with_ports
from netassist.assistant.checking.products import judge_products
from netassist.assistant.checking.quotes import judge_quotes
from netassist.assistant.checking.ratings import judge_ratings
from netassist.assistant.checking.statement import Hosts, Statement
from netassist.assistant.checking.tls_words import judge_protocols, judge_weaknesses
from netassist.observations import Report

__all__ = ["LONGEST", "Checked", "Fact", "checked"]

LONGEST = 65_536
"""Characters of an answer that are read; what follows is left out, and `unverified` says so."""
_TOPICS = 4
_JUDGES = (
    judge_ports, judge_claims, judge_protocols, judge_weaknesses, judge_ratings, judge_dates, judge_figures, judge_counts,
    judge_quotes, judge_products, judge_names,
)  # fmt: skip


def checked(text: str, reports: Sequence[Report | Mapping[str, Any]], request: str = "") -> Checked:
    """The answer with its marks.

    Args:
        text: what the model wrote.
        reports: all that this conversation has measured, as values or as what `msgspec.to_builtins` makes of them.
        request: what the person said; what is named there is no invention.
    """
    whole = text[:LONGEST]
    facts = one_a_place(_facts(whole, Observed(reports, request)))
    left_out = ("the rest of the answer, which was too long to be checked",) if len(text) > LONGEST else ()
    bad = [fact for fact in facts if fact.verdict != "supported"]
    told = tuple(f"{fact.text} (measured: {fact.measured})" if fact.measured else fact.text for fact in bad)
    return Checked(marked(whole, bad) + (" […]" if left_out else ""), facts, (*told, *left_out))


def _facts(text: str, observed: Observed) -> Iterator[Fact]:
    held = mentions(text)
    starts = [mention.start for mention in held]
    topic: list[Hosts] = []
    before = ""
    for passage in passages(text):
        inside = held[bisect_left(starts, passage.start) : bisect_left(starts, passage.end)]
        told = Statement(passage, with_ports(passage, inside, text), observed, tuple(topic), text, before)
        for judge in _JUDGES:
            yield from judge(told)
        topic = [*topic, *(hosts for hosts, _, _ in told.groups)][-_TOPICS:]
        before = passage.text
