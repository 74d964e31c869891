"""A message's title and body: how many, which ones first, what, since when, what to try, and how to take it on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from netassist.monitor.alert import Alert
from netassist.monitor.alerting import LEVELS
from netassist.monitor.times import stamp
from netassist.reports.words import lasting
from netassist.untrusted import as_text

if TYPE_CHECKING:
    from netassist.monitor.notices import Item

NAMED = 10
"""Alerts of each kind that a message names; of the others it says how many there are."""
_WITH_EVIDENCE = 3
"""Alerts of a message up to which their evidence is in it."""
LONGEST_TITLE, LONGEST_BODY = 200, 12_000
_HEADS = (("opened", "new"), ("escalated", "graver than before"), ("repeated", "still open"), ("resolved", "over"),
          ("ended", "no longer watched, or paused"),
          ("brief", "over before it was told"), ("event", "became different"))  # fmt: skip


def worded(items: Sequence[Item], now: float) -> tuple[str, str]:
    """Title and body of one message about these items, at least one."""
    late = "After the quiet hours: " if any(item.late for item in items) else ""
    title = as_text(late + (_title(items[0], now) if len(items) == 1 else _titles(items)), LONGEST_TITLE)
    if len(items) == 1:
        lines = _lines(items[0], now, evidence=True)
    else:
        lines = []
        for news, head in _HEADS:
            held = _sorted([item for item in items if item.news == news])
            if held:
                lines += [f"{len(held)} {head}:", ""]
                for item in held[:NAMED]:
                    lines += [*_lines(item, now, evidence=len(items) <= _WITH_EVIDENCE), ""]
                lines += [f"and {len(held) - NAMED} more", ""] if len(held) > NAMED else []
    return title, _bounded(lines)


def _title(item: Item, now: float) -> str:
    alert = item.alert
    if item.news == "ended":
        return f"[{alert.ended}] {_was(alert)}, for {_length(alert)}"
    if item.news == "resolved":
        return f"[over] {alert.title} no more, after {_length(alert)}" if " is " in alert.title else f"[over] {alert.title}"
    if item.news == "brief":
        return f"[over] {alert.title}, for {_length(alert)}"
    if item.news == "repeated":
        return f"[{alert.level}] still: {alert.title}, for {lasting(now - alert.opened)}"
    return f"[{alert.level}] {alert.title}"


def _titles(items: Sequence[Item]) -> str:
    """``100 alerts (100 critical): db1 port 5432 (tcp) is down, …``, or how many are over."""
    open_ones = [item for item in items if item.news in ("opened", "escalated", "repeated")]
    over = [item for item in items if item.news in ("resolved", "brief")]
    different = [item for item in items if item.news == "event"]
    ended = [item for item in items if item.news == "ended"]
    levels = Counter(item.alert.level for item in open_ones)
    parts = []
    if open_ones:
        parts.append(f"{len(open_ones)} open ({', '.join(f'{levels[level]} {level}' for level in LEVELS if levels[level])})")
    parts += [f"{len(over)} over"] if over else []
    parts += [f"{len(different)} different"] if different else []
    parts += [f"{len(ended)} no longer watched or paused"] if ended else []
    first = _sorted(open_ones or over or different or ended)[0].alert.title
    first = first if open_ones or different else first.partition(" is ")[0]
    return f"{', '.join(parts)}: {first} and {len(items) - 1} more"


def _sorted(items: Sequence[Item]) -> list[Item]:
    """The gravest first, and of these what opened first."""
    return sorted(items, key=lambda item: (LEVELS.index(item.alert.level), item.alert.opened, item.alert.watch))


def _lines(item: Item, now: float, *, evidence: bool) -> list[str]:
    alert = item.alert
    over = "over" if alert.status == "resolved" and item.news != "event" else alert.level
    lines = [f"[{alert.ended or over}] {_was(alert) if alert.ended else alert.title}"]
    lines += [f"  {alert.detail}"] if alert.detail else []
    if item.news in ("opened", "escalated", "repeated"):
        lines += [f"  open since {stamp(alert.opened)}, for {lasting(now - alert.opened)}"] if item.news != "opened" else []
        lines += [f"  try: {alert.advice}"] if alert.advice else []
        if evidence and alert.evidence:
            lines += ["  measured:", *(f"    {as_text(line, 500)}" for line in alert.evidence.splitlines()[:30])]
        lines += [f"  take it on: netassist monitor ack {alert.id}"]
    elif item.news == "event" and alert.advice:
        lines += [f"  {alert.advice}"]
    return lines


def _was(alert: Alert) -> str:
    return alert.title.replace(" is ", " was ", 1)


def _length(alert: Alert) -> str:
    return lasting((alert.resolved or alert.opened) - alert.opened)


def _bounded(lines: Sequence[str]) -> str:
    """The lines as text, with whole lines left out at the end where they are too many."""
    text = "\n".join(lines).strip()
    if len(text) <= LONGEST_BODY:
        return text
    return text[:LONGEST_BODY].rsplit("\n", 1)[0] + "\n… (more is told by: netassist monitor alerts)"
