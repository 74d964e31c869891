"""The grammar of calls: ``<TOOLCALL>[name(parameter=value, …), …]</TOOLCALL>``, over the values that a request admits."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

from netassist.llama.grammar import Choice, Literal, Node, Repeat, Subset, Text
from netassist.llama.grammar import Sequence as InOrder
from netassist.toolbox import Tool

MOST_CALLS = 12
"""More than a person asks for in one breath."""
OPEN, CLOSE, NEXT_CALL, NEXT_ARGUMENT = "<TOOLCALL>[", ")]</TOOLCALL>", "), ", ", "
FREE_TEXT = InOrder((Literal('"'), Text(most=500, forbidden='"\\<\n\t', least=1), Literal('"')))
"""A string of the model's own words."""

Values: TypeAlias = Callable[[Tool, str], Sequence[str] | None]
"""(tool, parameter) → the admitted values as they are spelled in a call; None where the model may write its own words."""


def calls_grammar(tools: Sequence[Tool], values: Values, otherwise: Sequence[Node], *, whole: bool = False) -> Node:
    """One to twelve calls, or `otherwise` (refusal, question, answer).

    Parameters stand in the order of the tool's properties. A tool with a required parameter that nothing can fill is left out.

    Args:
        whole: every piece of a call is one token of the vocabulary (see `Literal`).
    """
    offered = tuple(call for call in (_call(tool, values, whole) for tool in tools) if call is not None)
    if not offered:
        return Choice(tuple(otherwise))
    calls = Repeat(Choice(offered), Literal(NEXT_CALL, whole), most=MOST_CALLS)
    return Choice((InOrder((Literal(OPEN, whole), calls, Literal(CLOSE, whole))), *otherwise))


def _call(tool: Tool, values: Values, whole: bool) -> Node | None:
    opening = Literal(f"{tool.name}(", whole)
    arguments: list[Node] = []
    required: list[bool] = []
    for name in tool.parameters.properties:
        value = _value(values(tool, name), whole)
        if value is not None:
            arguments.append(InOrder((Literal(f"{name}=", whole), value)))
            required.append(name in tool.parameters.required)
        elif name in tool.parameters.required:
            return None
    if not arguments:
        return opening
    return InOrder((opening, Subset(tuple(arguments), tuple(required), Literal(NEXT_ARGUMENT, whole))))


def _value(spelled: Sequence[str] | None, whole: bool) -> Node | None:
    if spelled is None:
        return FREE_TEXT
    options = tuple(Literal(value, whole) for value in dict.fromkeys(spelled))
    return Choice(options) if options else None
