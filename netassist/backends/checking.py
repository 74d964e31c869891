"""What a remote model wrote, held against the tools' schemas and against what the user said."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import NamedTuple

from netassist.backends import available_tools
from netassist.backends.event_stream import Reply, WrittenCall
from netassist.backends.planning import Outcome
from netassist.entities import Entity
from netassist.grounding import grounded
from netassist.llama.calls import MOST_CALLS
from netassist.toolbox import Call, InvalidCall, Tool, Value, each_once, validated

Shown = Callable[[str], str]
"""Puts back what a placeholder stands for."""


class Checked(NamedTuple):
    """The plan in a reply; `problems` by the number of the call, -1 for the whole. With a problem nothing of it is to be run."""

    outcome: Outcome
    calls: tuple[Call, ...] = ()
    text: str = ""
    problems: dict[int, str] = {}  # noqa: RUF012 - never written to


def checked(reply: Reply, tools: Sequence[Tool], reach: Sequence[Entity], shown: Shown) -> Checked:
    """What `reply` plans, each call of it checked."""
    if not reply.calls:
        return _of_text(reply, tools, reach, shown)
    calls, problems = [], {}
    for number, written in enumerate(reply.calls):
        try:
            calls.append(_sound(_read(written, shown), tools, reach))
        except InvalidCall as error:
            problems[number] = str(error)
    return _planned(calls, problems, reply.text)


def _of_text(reply: Reply, tools: Sequence[Tool], reach: Sequence[Entity], shown: Shown) -> Checked:
    """Calls that stand in the text, or a question, or an answer."""
    try:
        plan = available_tools.read(reply.text)
    except available_tools.Malformed as error:
        return Checked("no_call", problems={-1: str(error)})
    if not plan.calls:
        if reply.finished == "length":
            return Checked("no_call", problems={-1: "the answer was cut off; be brief"})
        if not plan.text:
            return Checked("no_call", problems={-1: "there is neither a call nor a word in the answer"})
        return Checked(plan.outcome, text=plan.text)
    calls, problems = [], {}
    for number, call in enumerate(plan.calls):
        given = {name: shown(value) if isinstance(value, str) else value for name, value in call.arguments.items()}
        try:
            calls.append(_sound(Call(call.name, given), tools, reach))
        except InvalidCall as error:
            problems[number] = str(error)
    return _planned(calls, problems, plan.text)


def _planned(calls: Sequence[Call], problems: dict[int, str], text: str) -> Checked:
    unique = each_once(calls)
    if len(unique) > MOST_CALLS:
        problems = {-1: f"{len(unique)} calls are more than the {MOST_CALLS} that are run at once"}
    return Checked("call", unique, text, problems)


def _read(written: WrittenCall, shown: Shown) -> Call:
    try:
        arguments = json.loads(written.arguments or "{}")
    except (ValueError, RecursionError):
        arguments = None
    if not isinstance(arguments, dict):
        raise InvalidCall(f"{written.name}: the arguments are no JSON object")
    given: dict[str, Value] = {}
    for name, value in arguments.items():
        if value is None:
            continue  # some models write null for what they leave out
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if not isinstance(value, str | int | bool):
            raise InvalidCall(f"{written.name}: {name} is neither a text, a whole number nor a truth value")
        given[name] = shown(value) if isinstance(value, str) else value
    return Call(written.name, given)


def _sound(call: Call, tools: Sequence[Tool], reach: Sequence[Entity]) -> Call:
    if all(tool.name != call.name for tool in tools):
        raise InvalidCall(f"there is no tool {call.name!r}; there are {', '.join(tool.name for tool in tools)}")
    if missing := grounded(validated(call), reach):
        raise InvalidCall(f"{call.name}: {missing}; name only what the user said, or ask")
    return call
