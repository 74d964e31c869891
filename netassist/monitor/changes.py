"""What changed and how it stands, out of the history and not of a model: it goes with every answer to a scheduled question."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence

from netassist.monitor.happening import Event, State
from netassist.monitor.times import stamp
from netassist.untrusted import as_text

MOST_CHANGES = 100
"""Lines about what changed."""
MOST_STANDING = 50
"""Lines about how it stands."""
_TOPICS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    (r"certificat|zertifikat|\bcerts?\b", "certificates", ("certificate", "expires")),
    (r"\bports\b", "open ports", ("open_ports",)),
    (r"\bgrades?\b|\btls\b", "TLS grades", ("grade",)),
    (r"quantum|\bpqc\b", "post-quantum key exchange", ("post_quantum",)),
    (r"\bdns\b|\brecords?\b", "DNS answers", ("records",)),
    (r"\bhost[- ]?keys?\b|\bssh\b", "SSH host keys", ("host_key",)),
)


def topics_of(question: str) -> dict[str, str]:
    """The facts that a question speaks of, each with the words for its kind; none where it speaks of no kind in particular."""
    found = (topic for topic in _TOPICS if re.search(topic[0], question, re.IGNORECASE))
    return {fact: words for _, words, facts in found for fact in facts}


def told_by_history(
    question: str, events: Sequence[Event], states: Mapping[str, State], since: float, until: float, *, more: bool = False
) -> list[str]:
    """Lines about what a question speaks of, or about all that changed; `more`: there are earlier events than these."""
    topics = topics_of(question)
    words = ", ".join(dict.fromkeys(topics.values())) or "all that is watched"
    lines = [f"By the history, from {stamp(since)} to {stamp(until)} ({words}):", *_changes(events, topics, more=more)]
    if topics:
        lines += _standing(states, topics)
    else:
        lines += _outages(events)
    return lines


def _changes(events: Sequence[Event], topics: Mapping[str, str], *, more: bool) -> list[str]:
    """Oldest first."""
    drifts = [event for event in events if event.kind == "drift" and (not topics or event.what in topics)]
    if not drifts:
        return ["- no fact changed" + (", as far back as could be read" if more else "")]
    drifts.sort(key=lambda event: event.at)
    lines = [f"- {stamp(event.at)}  {as_text(event.watch, 300)}: {as_text(event.message or event.what, 500)}" for event in drifts]
    left = len(lines) - MOST_CHANGES
    lines = [*lines[:MOST_CHANGES], *([f"- and {left} more"] if left > 0 else [])]
    return [*lines, *(["- and perhaps earlier ones"] if more else [])]


def _outages(events: Sequence[Event]) -> list[str]:
    """How often what went down; the most often first."""
    times = Counter(event.watch for event in events if event.kind == "state" and event.after == "down" and not event.silenced)
    if not times:
        return ["- nothing went down"]
    most = times.most_common(20)
    lines = [f"- {as_text(watch, 300)} went down {count} time{'s' if count > 1 else ''}" for watch, count in most]
    return [*lines, *([f"- and {len(times) - len(most)} others"] if len(times) > len(most) else [])]


def _standing(states: Mapping[str, State], topics: Mapping[str, str]) -> list[str]:
    """The facts as the last checks found them, by watch."""
    known = [
        f"- {as_text(key, 300)}: {', '.join(as_text(state.facts[fact], 300) for fact in topics if fact in state.facts)}"
        for key, state in sorted(states.items())
        if any(fact in state.facts for fact in topics)
    ]
    left = len(known) - MOST_STANDING
    more = [f"- and {left} more"] if left > 0 else []
    return ["", "As it stands now:", *(known[:MOST_STANDING] or ["- no check has established that yet"]), *more]
