"""When planned calls are the expected ones: the rules of NetBench's scorer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

Arguments = dict[str, list[object]]
Expected = dict[str, Arguments]
"""One call: the tool's name, and of each parameter the values that are accepted."""

MISSING, ANY_TEXT = "", "*"
"""Among accepted values: the parameter may be left out; any text that is not blank will do."""
_LIKE_HOSTS = frozenset({"host", "target", "name", "url"})


class AnyOf(msgspec.Struct, frozen=True):
    """Several readings of a request are right."""

    any_of: list[list[Expected]]


Truth = list[Expected] | AnyOf


class PlannedCall(msgspec.Struct, frozen=True):
    """A call as it was predicted, of whatever form."""

    name: str | None = None
    arguments: dict[str, object] | None = None


class PlannedTurn(msgspec.Struct, frozen=True):
    outcome: str | None = None
    calls: list[PlannedCall] | None = None


def turn_is_right(turn: PlannedTurn, truth: Truth, expect: str | None) -> bool:
    """Whether the calls are the expected ones, in any order, or where none is, whether the outcome is `expect`."""
    calls = turn.calls or []
    if isinstance(truth, AnyOf):
        return any(_same_calls(calls, one) for one in truth.any_of)
    if truth:
        return _same_calls(calls, truth)
    return not calls and (expect is None or turn.outcome == expect)


def _same_calls(calls: Sequence[PlannedCall], expected: Sequence[Expected]) -> bool:
    """Whether each call can be given an expected one of its own (augmenting paths: one call may fit several)."""
    if len(calls) != len(expected):
        return False
    fits = [[place for place, want in enumerate(expected) if _same_call(call, want)] for call in calls]
    taken: dict[int, int] = {}

    def placed(call: int, tried: set[int]) -> bool:
        for place in fits[call]:
            if place not in tried:
                tried.add(place)
                if place not in taken or placed(taken[place], tried):
                    taken[place] = call
                    return True
        return False

    return all(placed(call, set()) for call in range(len(calls)))


def _same_call(call: PlannedCall, expected: Expected) -> bool:
    ((name, parameters),) = expected.items()
    arguments = {key: value for key, value in (call.arguments or {}).items() if value is not None}
    if call.name != name or not arguments.keys() <= parameters.keys():
        return False
    return all(_accepted(parameter, arguments, values) for parameter, values in parameters.items())


def _accepted(parameter: str, arguments: Mapping[str, object], accepted: Sequence[object]) -> bool:
    if parameter not in arguments:
        return MISSING in accepted
    value = arguments[parameter]
    return any(_same_value(parameter, value, one) for one in accepted if one != MISSING or value == "")


def _same_value(parameter: str, value: object, accepted: object) -> bool:
    if accepted == ANY_TEXT:
        return isinstance(value, str) and bool(value.strip())
    if isinstance(accepted, bool) or isinstance(value, bool):
        return value is accepted
    if isinstance(value, str) and isinstance(accepted, str):
        return _plain(parameter, value) == _plain(parameter, accepted)
    return value == accepted


def _plain(parameter: str, text: str) -> str:
    """What is compared of a text: host names without letter case or their last dot, port lists without spaces."""
    text = text.strip()
    if parameter in _LIKE_HOSTS:
        return text.lower().rstrip("/.")
    return text.replace(" ", "") if parameter == "ports" else text
