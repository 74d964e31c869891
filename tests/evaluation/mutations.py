"""Calls that BFCL accepts, made from its own answers, and small changes that make most of them wrong."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random

from netassist.evaluation.function_docs import Called, Truth


def accepted(truth: Sequence[Truth], chance: Random) -> list[Called]:
    """Calls with one of the accepted values each; what may be left out sometimes is."""
    calls = []
    for expected in truth:
        ((name, parameters),) = expected.items()
        chosen = {parameter: _one(values, chance) for parameter, values in parameters.items()}
        calls.append(Called(name, {parameter: value for parameter, value in chosen.items() if value != ""}))
    return calls


def _one(values: Sequence[object], chance: Random) -> object:
    value = chance.choice(values) if values else ""
    if isinstance(value, list):
        return [_inside(item, chance) for item in value]
    return _inside(value, chance)


def _inside(value: object, chance: Random) -> object:
    """A dict's accepted values are lists again."""
    if not isinstance(value, dict):
        return value
    chosen = {key: chance.choice(values) if isinstance(values, list) and values else values for key, values in value.items()}
    return {key: one for key, one in chosen.items() if one != ""}


def mutated(calls: Sequence[Called], chance: Random) -> list[Called]:
    """The calls with one to three changes."""
    made = [Called(call.name, dict(call.arguments)) for call in calls]
    for _ in range(chance.randint(1, 3)):
        if chance.random() < 0.2 or not made:
            made = chance.choice(_OF_CALLS)(made, chance)
            continue
        place = chance.randrange(len(made))
        made[place] = _changed(made[place], chance)
    return made


def _changed(call: Called, chance: Random) -> Called:
    if chance.random() < 0.15 or not call.arguments:
        return chance.choice(_OF_ONE)(call, chance)
    name = chance.choice(list(call.arguments))
    return Called(call.name, {**call.arguments, name: altered(call.arguments[name], chance)})


def altered(value: object, chance: Random) -> object:
    """Another value, near to or far from the one given."""
    if isinstance(value, list) and value and chance.random() < 0.6:
        return _altered_list(value, chance)
    if isinstance(value, dict) and value and chance.random() < 0.7:
        key = chance.choice(list(value))
        return chance.choice([
            {**value, key: altered(value[key], chance)}, {k: v for k, v in value.items() if k != key}, {**value, "extra": 1},
        ])  # fmt: skip
    if isinstance(value, str) and chance.random() < 0.7:
        return chance.choice(_OF_TEXTS)(value)
    if isinstance(value, int | float) and chance.random() < 0.7:
        return chance.choice([float(value), int(value), value + 1, -value, bool(value), str(value), [value]])
    return chance.choice([None, "", 0, 1, 1.0, True, [], {}, (), "x", value, [value], (value,), {"a": value}, str(value)])


def _altered_list(value: list[object], chance: Random) -> object:
    place = chance.randrange(len(value))
    changed = [*value[:place], altered(value[place], chance), *value[place + 1 :]]
    return chance.choice([changed, value[::-1], tuple(value), value[1:], [*value, value[0]], [*value, ""], str(value)])


_OF_TEXTS: list[Callable[[str], object]] = [
    str.upper, str.title, lambda text: text.replace(" ", ""), lambda text: text.replace(",", " ,"), lambda text: f" {text}.",
    lambda text: text + "x", lambda text: text[:-1], lambda text: text.replace("'", '"'), lambda text: text.replace("-", "/"),
    lambda text: list(text), lambda text: f"'{text}'", lambda text: text + "\n", lambda text: len(text),
]  # fmt: skip
_OF_ONE: list[Callable[[Called, Random], Called]] = [
    lambda call, _: Called(call.name.replace(".", "_"), call.arguments),
    lambda call, _: Called(call.name + "x", call.arguments),
    lambda call, _: Called(call.name.rpartition(".")[2], call.arguments),
    lambda call, _: Called(call.name, {**call.arguments, "extra": "x"}),
    lambda call, chance: Called(call.name, dict(chance.sample(list(call.arguments.items()), max(len(call.arguments) - 1, 0)))),
]
_OF_CALLS: list[Callable[[list[Called], Random], list[Called]]] = [
    lambda calls, chance: chance.sample(calls, len(calls)),
    lambda calls, _: calls[1:],
    lambda calls, _: [*calls, *calls[:1]],
    lambda calls, _: [*calls[:1], *calls[:1], *calls[2:]],
    lambda calls, _: [],
]
