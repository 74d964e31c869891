"""From results to states, without a clock of its own: confirmation, flapping, and why nothing is said of a watch.

For the worse a watch goes after `failures` results of that kind among its last `of`; for the better at once, but where it flaps:
then all of the last `of` have to be better. What stays down flaps no more. A result that is unknown counts as a kind of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Literal, NamedTuple, Protocol

import msgspec

from netassist.monitor.drift import drifted, merged
from netassist.monitor.happening import Event, Outcome, Result, Standing, State
from netassist.monitor.watch import Watch
from netassist.targets import host_of
from netassist.untrusted import as_text

LETTERS: Mapping[Outcome, str] = {"up": "u", "degraded": "d", "down": "x", "unknown": "?"}
RANK: Mapping[Standing, int] = {"pending": -1, "unknown": -1, "up": 0, "degraded": 1, "down": 2}
_BAD: Mapping[Literal["down", "degraded"], str] = {"down": "x", "degraded": "dx"}
MOST_RECENT = 20
"""Outcomes that a state remembers."""
MOST_TURNS = 12
FLAPS, STEADY = 5, 2
"""Changes within the window from which a watch flaps, and down to which it does no more."""
_WEEK = 7 * 86400.0


class Window(Protocol):
    """A maintenance window as the store keeps it."""

    @property
    def name(self) -> str: ...
    @property
    def watches(self) -> tuple[str, ...]: ...
    @property
    def starts(self) -> float: ...
    @property
    def ends(self) -> float: ...
    @property
    def weekly(self) -> bool: ...


class Folded(NamedTuple):
    """`recheck`: it is not sure yet how it stands, so it is looked at again soon."""

    state: State
    events: tuple[Event, ...]
    recheck: bool


def folded(state: State, watch: Watch, result: Result, silenced: str = "") -> Folded:
    """What a result makes of a state; `next_run` is left as it was.

    A result that is older than the state's last (the clock was set back) counts as any other.
    """
    recent = (state.recent + LETTERS[result.outcome])[-MOST_RECENT:]
    standing = _standing(state, watch, recent, result.outcome)
    changed = standing != state.standing
    between = changed and "pending" not in (state.standing, standing) and "unknown" not in (state.standing, standing)
    kept = _recent_turns(state.turns, watch, result.at)
    turns = ((*kept, result.at) if between else kept)[-MOST_TURNS:]
    stays = standing == "down" and _stays_down(watch, recent)
    flapping = not stays and (len(turns) > STEADY if state.flapping else len(turns) >= FLAPS)
    after = State(
        watch=state.watch,
        standing=standing,
        since=result.at if changed else state.since,
        at=result.at,
        ms=result.ms,
        message=result.message,
        recent=recent,
        turns=turns,
        flapping=flapping,
        silenced=silenced,
        facts=merged(watch, state.facts, result.facts) if result.facts else state.facts,
        next_run=state.next_run,
    )
    events = [] if not result.facts else drifted(watch, state.facts, result.facts, result.at, silenced)
    if flapping != state.flapping:
        events.append(_flaps(after, result.at))
    if changed:
        events.append(
            Event(at=result.at, watch=state.watch, kind="state", what="state", before=state.standing, after=standing,
                  message=result.message, silenced=silenced)
        )  # fmt: skip
    return Folded(after, tuple(events), _is_unsure(standing, recent))


def _standing(state: State, watch: Watch, recent: str, outcome: Outcome) -> Standing:
    window, before = recent[-watch.of :], state.standing
    if outcome == "unknown":
        return "unknown" if window.count("?") >= watch.failures else before
    if RANK[outcome] <= RANK[before]:
        better = RANK[outcome] < RANK[before]
        return before if better and state.flapping and not _steadily(window, outcome, watch.of) else outcome
    if outcome == "up":
        return "up"
    for worse, letters in _BAD.items():
        if RANK[worse] > max(RANK[before], 0) and sum(letter in letters for letter in window) >= watch.failures:
            return worse
    return before


def _steadily(window: str, outcome: Outcome, of: int) -> bool:
    """Whether all of a full window are as good as `outcome`."""
    return len(window) >= of and all(letter in ("u" if outcome == "up" else "ud") for letter in window)


def _stays_down(watch: Watch, recent: str) -> bool:
    """Whether it is down for longer than it takes to be sure of it: then it is that, however often it changed before."""
    number = max(watch.of, watch.failures + 1)
    return recent.endswith("x" * number) or (number > MOST_RECENT and recent == "x" * MOST_RECENT)


def _recent_turns(turns: Sequence[float], watch: Watch, now: float) -> tuple[float, ...]:
    """The changes within the window; those that lie in the future were made before the clock was set back."""
    window = flap_window(watch.interval)
    return tuple(turn for turn in turns if now - window < turn <= now)


def flap_window(interval: int) -> float:
    """Seconds in which changes are counted: half an hour, or a dozen intervals where those are longer."""
    return max(1800.0, 12.0 * interval)


def _flaps(state: State, at: float) -> Event:
    if state.flapping:
        message = f"it goes to and fro: {len(state.turns)} changes of late; it counts as steady again after {STEADY} or fewer"
        return Event(at=at, watch=state.watch, kind="flapping", what="state", message=message, silenced=state.silenced)
    message = f"it stays down: {state.message}".rstrip(": ") if state.standing == "down" else "it is steady again"
    return Event(at=at, watch=state.watch, kind="steady", what="state", message=message, silenced=state.silenced)


def _is_unsure(standing: Standing, recent: str) -> bool:
    """Whether the last result speaks for something worse than what it stands at."""
    last = recent[-1:]
    return (last == "x" and standing != "down") or (last == "d" and standing in ("up", "pending", "unknown"))


def is_failing(state: State | None) -> bool:
    """Down, or about to be, as far as is known."""
    return state is not None and (state.standing == "down" or state.recent.endswith("x"))


def silence(watch: Watch, parents: Sequence[Watch], states: Mapping[str, State], windows: Iterable[Window], now: float) -> str:
    """Why nothing is said of a watch at this moment; empty where it is. `parents` are the watches behind which it lies."""
    if not watch.enabled:
        return "paused"
    for window in windows:
        if is_open(window, now) and concerns(window, watch):
            return as_text(f"maintenance {window.name}", 200)
    parent = _failing_parent(parents, states)
    return f"parent {parent}" if parent else ""


def is_open(window: Window, now: float) -> bool:
    """Whether a maintenance window is open; a weekly one is so every seven days of 24 hours from its first beginning on."""
    if window.weekly and now >= window.starts:
        return (now - window.starts) % _WEEK < window.ends - window.starts
    return window.starts <= now < window.ends


def concerns(window: Window, watch: Watch) -> bool:
    """Whether a maintenance window is about a watch: all are meant, or its key, its host or its group."""
    names = (watch.key, watch.host, host_of(watch.host), watch.group)
    return not window.watches or any(name and name in window.watches for name in names)


def parents_of(watch: Watch, watches: Mapping[str, Watch]) -> tuple[Watch, ...]:
    """The watches that a watch's `parents` name by key or by host; a name that is none of either names nothing."""
    found = {}
    for name in watch.parents:
        if name in watches:
            found[name] = watches[name]
        else:
            meant = {key: other for key, other in watches.items() if name in (other.host, host_of(other.host))}
            found.update({key: other for key, other in meant.items() if key != watch.key})
    return tuple(found.values())


def cycle(watches: Mapping[str, Watch]) -> tuple[str, ...]:
    """Keys of watches that lie behind one another in a circle, the first one again at the end; empty where none do."""
    done: set[str] = set()
    for start in watches:
        path: list[str] = []
        stack: list[tuple[str, Iterator[Watch]]] = []
        key: str | None = start
        while key is not None:
            if key in path:
                return (*path[path.index(key) :], key)
            if key not in done:
                path.append(key)
                stack.append((key, iter(parents_of(watches[key], watches))))
            key = None
            while stack and key is None:
                following = next(stack[-1][1], None)
                if following is None:
                    done.add(stack.pop()[0])
                    path.pop()
                else:
                    key = following.key
    return ()


def _failing_parent(parents: Sequence[Watch], states: Mapping[str, State]) -> str:
    """What silences: a parent that is down or seems to be, or that lies behind such a one itself."""
    by_host: dict[str, list[Watch]] = {}
    for parent in parents:
        if parent.enabled:
            by_host.setdefault(host_of(parent.host), []).append(parent)
    for held in by_host.values():
        # Whether a host is there, an echo tells best; a web server that is down on it says nothing of what lies behind.
        telling = [parent for parent in held if parent.check == "icmp"] or held
        if all(_holds_up(states.get(parent.key)) for parent in telling):
            return telling[0].key
    return ""


def _holds_up(state: State | None) -> bool:
    return is_failing(state) or (state is not None and state.silenced.startswith("parent ") and state.standing != "up")


def blank(key: str) -> State:
    """The state of a watch that was never measured."""
    return State(watch=key)


def paused(state: State) -> State:
    """The state of a watch that is paused: it stands no way; what was established of it is held against what comes after."""
    return State(watch=state.watch, at=state.at, facts=state.facts, silenced="paused")


def with_silence(state: State, silenced: str) -> State:
    """The state with another reason for silence."""
    return state if state.silenced == silenced else msgspec.structs.replace(state, silenced=silenced)
