"""What a monitor.toml would change of what is watched, in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from netassist.monitor.plan_file import Plan
from netassist.monitor.watch import Limits, Watch
from netassist.reports.text.monitor_words import every


class Change(NamedTuple):
    """What a plan would do to one watch; `text` names the settings that differ."""

    what: str
    key: str
    text: str = ""


def changes(now: Sequence[Watch], plan: Plan) -> tuple[Change, ...]:
    """What setting a plan would change. Watches that were added stay; one of the same key in the file hides them."""
    old = {watch.key: watch for watch in now}
    new = {watch.key: watch for watch in plan.watches}
    found = []
    for key, watch in new.items():
        before = old.get(key)
        if before is None:
            found.append(Change("add", key))
        elif words := differing(before, watch):
            found.append(Change("change", key, words))
        elif before.source == "added":
            found.append(Change("change", key, "it stands in the file from now on"))
    found += [Change("remove", key) for key, watch in old.items() if watch.source == "file" and key not in new]
    return tuple(found)


def differing(before: Watch, after: Watch) -> str:
    """The settings that differ, in words; empty where none does."""
    return "; ".join(f"{name}: {old} → {new}" for name, old, new in _both(before, after) if old != new)


def _both(before: Watch, after: Watch) -> Iterator[tuple[str, str, str]]:
    """Each setting by its name in the file, as it was and as it is to be."""
    for name in Watch.__struct_fields__:
        if name not in ("limits", "tags", "source"):
            yield name, _said(name, getattr(before, name)), _said(name, getattr(after, name))
    for name in Limits.__struct_fields__:
        yield name, _said(name, getattr(before.limits, name)), _said(name, getattr(after.limits, name))
    for name in sorted({*before.tags, *after.tags}):
        yield f"tag {name}", before.tags.get(name) or "none", after.tags.get(name) or "none"


def _said(name: str, value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if name == "interval" and isinstance(value, int):
        return every(value)
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or "none"
    return "none" if value is None or value == "" else f"{value:g}" if isinstance(value, float) else str(value)
