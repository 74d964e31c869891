"""How the built-in model is asked for a plan: the prompt as in training, the grammar of its answer, and the reading of it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from netassist.grounding import candidates, confined
from netassist.llama.calls import calls_grammar
from netassist.llama.grammar import Literal, Node
from netassist.llama.messages import Segment
from netassist.nano import notation
from netassist.nano.notation import ASSISTANT, END, USER, Reading, Talk, Unreadable, literal
from netassist.toolbox import Call, Tool, built_in, each_once

MOST_TOKENS = 160
"""Of one answer: twelve calls of some twelve tokens."""

_TARGETS = frozenset({"host", "target", "name", "url"})
_PORTS = frozenset({"port", "ports"})
_SAYS_PORT = re.compile(r"\b(?:ports?|poort|porta|puerto|tcp|udp)\b\W{0,3}\d{1,5}\b|(?<=[\w\]]):\d{2,5}\b", re.IGNORECASE)


class Turn(NamedTuple):
    """An earlier request and what was planned for it (`outcome` as in `netassist.backends.planning`)."""

    request: str
    calls: tuple[Call, ...]
    outcome: str


class Question(NamedTuple):
    """What the worker is asked, and the conversation's entities, which its answer points at."""

    prompt: tuple[Segment, ...]
    grammar: Node
    talk: Talk


class TooMany(ValueError):
    """A request that names more targets than the model has placeholders for; the message is one line for the user."""


def question(request: str, earlier: Sequence[Turn], tools: Sequence[Tool], inventory: Mapping[str, str]) -> Question:
    """The prompt as in training: the tools on offer, earlier turns with their calls, the request.

    Tools that users added are left out, since the model has no token for them (see `netassist.nano.own_tools`). An earlier turn
    whose calls point at nothing that was said (they were edited, say) is left out, but what it named stays known.
    The earliest turns are forgotten where the conversation has named more than there are placeholders.

    Raises:
        TooMany: the request alone does.
    """
    kept, tools = [_trained(turn) for turn in earlier], [tool for tool in tools if not tool.origin]
    while True:
        asked = _question(request, kept, tools, inventory)
        crowded = [str(e.value) for e in asked.talk.crowded_out if e.kind in ("host", "network", "url")]
        if not crowded:
            return asked
        if not kept:
            most = notation.LIMITS["H"]
            raise TooMany(f"that is too many targets for one question ({crowded[0]} and what follows); name {most} at most")
        del kept[0]


def _question(request: str, earlier: Sequence[Turn], tools: Sequence[Tool], inventory: Mapping[str, str]) -> Question:
    talk = Talk(inventory)
    prompt = [Segment(notation.tool_list(tools), ours=True)]
    for turn in earlier:
        text = talk.read(turn.request)
        if turn.outcome == "call" and not turn.calls:
            continue
        try:
            wrote = notation.write(turn.calls, turn.outcome, talk)
        except ValueError:
            continue
        prompt += [Segment(USER, ours=True), Segment(text), Segment(ASSISTANT + wrote + END, ours=True)]
    prompt += [Segment(USER, ours=True), Segment(talk.read(request)), Segment(ASSISTANT, ours=True)]
    return Question(tuple(prompt), grammar(tools, talk), talk)


def _trained(turn: Turn) -> Turn:
    """The turn without calls of tools that the model was not trained on."""
    return turn._replace(calls=tuple(call for call in turn.calls if call.name in built_in()))


def grammar(tools: Sequence[Tool], talk: Talk) -> Node:
    """Calls over this conversation's placeholders, no call, or a question back; each piece is one token.

    A request that names its own targets, and refers back to none, is offered no earlier ones; one that names its own port, no
    earlier port.
    """
    here = talk.named_last if confined(talk.last, [talk.placeholders[name] for name in talk.named_last]) else talk.placeholders
    unsaid = _unsaid_schemes(talk)

    def values(tool: Tool, name: str) -> list[str]:
        parameter = tool.parameters.properties[name]
        if parameter.enum:
            return [literal(value) for value in candidates(name, parameter, talk.entities) or () if value not in unsaid]
        if parameter.type == "boolean":
            return [literal(True), literal(False)]
        pointers = [pointer for pointer, _ in notation.pointers(tool.name, name, talk)]
        if name in _PORTS and _SAYS_PORT.search(talk.last):
            return [pointer for pointer in pointers if pointer in talk.named_last] or pointers
        return [pointer for pointer in pointers if name not in _TARGETS or pointer in here]

    otherwise = (Literal(notation.NO_CALL, whole=True), Literal(notation.CLARIFY, whole=True))
    return calls_grammar(tools, values, otherwise, whole=True)


def _unsaid_schemes(talk: Talk) -> set[str]:
    """Of http and https the one that a request with a URL does not say: the model sees no more of one than that it is there."""
    said = {scheme.lower() for scheme in re.findall(r"\bhttps?\b", talk.last, re.IGNORECASE)}
    names_url = any(talk.placeholders[name].kind == "url" for name in talk.named_last)
    return {"http", "https"} - said if names_url and said else set()


def answered(text: str, talk: Talk) -> Reading:
    """What the model wrote, placeholders put back and each call once; raises Unreadable.

    A processor is given no arguments that are its own name, or nothing.
    """
    reading = notation.read_output(text, talk)
    return Reading(reading.outcome, each_once([_without_its_name(call) for call in reading.calls]))


def _without_its_name(call: Call) -> Call:
    said = str(call.arguments.get("arguments", "")).strip()
    if call.name != "processor_run" or said.lower() not in ("", str(call.arguments.get("name", "")).lower()):
        return call
    return Call(call.name, {name: value for name, value in call.arguments.items() if name != "arguments"})


__all__ = ["MOST_TOKENS", "Question", "TooMany", "Turn", "Unreadable", "answered", "grammar", "question"]
