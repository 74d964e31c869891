"""How the built-in model is asked for a plan: the prompt as in training, the grammar of its answer, and the reading of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from netassist.grounding import candidates
from netassist.llama.calls import calls_grammar
from netassist.llama.grammar import Literal, Node
from netassist.llama.messages import Segment
from netassist.nano import notation
from netassist.nano.notation import ASSISTANT, END, USER, Reading, Talk, Unreadable, literal
from netassist.toolbox import Call, Tool

MOST_TOKENS = 160
"""Of one answer: twelve calls of some twelve tokens."""


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


def question(request: str, earlier: Sequence[Turn], tools: Sequence[Tool], inventory: Mapping[str, str]) -> Question:
    """The prompt as in training: the tools on offer, earlier turns with their calls, the request.

    An earlier turn whose calls point at nothing that was said (they were edited, say) is left out, but what it named stays known.
    """
    talk = Talk(inventory)
    prompt = [Segment(notation.tool_list(tools), ours=True)]
    for turn in earlier:
        text = talk.read(turn.request)
        try:
            wrote = notation.write(turn.calls, turn.outcome, talk)
        except ValueError:
            continue
        prompt += [Segment(USER, ours=True), Segment(text), Segment(ASSISTANT + wrote + END, ours=True)]
    prompt += [Segment(USER, ours=True), Segment(talk.read(request)), Segment(ASSISTANT, ours=True)]
    return Question(tuple(prompt), grammar(tools, talk), talk)


def grammar(tools: Sequence[Tool], talk: Talk) -> Node:
    """Calls over this conversation's placeholders, no call, or a question back; each piece is one token."""

    def values(tool: Tool, name: str) -> list[str]:
        parameter = tool.parameters.properties[name]
        if parameter.enum:
            return [literal(value) for value in candidates(name, parameter, talk.entities) or ()]
        if parameter.type == "boolean":
            return [literal(True), literal(False)]
        return [pointer for pointer, _ in notation.pointers(tool.name, name, talk)]

    otherwise = (Literal(notation.NO_CALL, whole=True), Literal(notation.CLARIFY, whole=True))
    return calls_grammar(tools, values, otherwise, whole=True)


def answered(text: str, talk: Talk) -> Reading:
    """What the model wrote, placeholders put back and each call once; raises Unreadable."""
    reading = notation.read_output(text, talk)
    calls: list[Call] = []
    for call in reading.calls:
        if call not in calls:
            calls.append(call)
    return Reading(reading.outcome, tuple(calls))


__all__ = ["MOST_TOKENS", "Question", "Turn", "Unreadable", "answered", "grammar", "question"]
