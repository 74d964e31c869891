"""How families of models write calls: Hermes and Qwen, Llama 3.1, Mistral. Grammar, spelling and reading of each."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import msgspec

from netassist.backends.available_tools import LONGEST_ANSWER, LONGEST_READ, Malformed, WrittenCall
from netassist.backends.planning import Plan
from netassist.llama.calls import FREE_TEXT, MOST_CALLS
from netassist.llama.grammar import Choice, Literal, Node, Repeat, Subset, Text
from netassist.llama.grammar import Sequence as InOrder
from netassist.llama.messages import Segment
from netassist.toolbox import Call, Tool, Value, each_once

Admitted = Callable[[Tool, str], Sequence[Value] | None]


class Syntax(NamedTuple):
    """What stands around the parts of calls: ``begin before NAME after ARGUMENTS close between before NAME … end``.

    `forbidden` are the characters that an answer in words may not hold, because a call begins with one of them.
    """

    name: str
    begin: str
    before: str
    after: str
    close: str
    between: str
    end: str
    forbidden: str


HERMES = Syntax(
    "hermes", "<tool_call>\n", '{"name": "', '", "arguments": ', "}", "\n</tool_call>\n<tool_call>\n", "\n</tool_call>", "<"
)
LLAMA = Syntax("llama", "", '{"name": "', '", "parameters": ', "}", "; ", "", "<{")
MISTRAL = Syntax("mistral", "[TOOL_CALLS][", '{"name": "', '", "arguments": ', "}", ", ", "]", "<[")
MISTRAL_ARGS = Syntax("mistral", "[TOOL_CALLS]", "", "[ARGS]", "", "[TOOL_CALLS]", "", "<[")


def syntax_of(template: str) -> Syntax | None:
    """The syntax that a chat template with tools writes calls in; None where it is another one."""
    if "<function=" in template or "<arg_key>" in template:
        return None
    if "[TOOL_CALLS]" in template:
        return MISTRAL_ARGS if "[ARGS]" in template else MISTRAL
    if "<tool_call>" in template:
        return HERMES
    return LLAMA if re.search(r'["\']name["\']\s*:', template) and re.search(r'["\']parameters["\']\s*:', template) else None


def grammar(syntax: Syntax, tools: Sequence[Tool], admitted: Admitted) -> Node:
    """One to twelve calls over the admitted values, or an answer in words."""
    answer = Text(most=LONGEST_ANSWER, forbidden=syntax.forbidden, least=1)
    offered = tuple(call for call in (_call(syntax, tool, admitted) for tool in tools) if call is not None)
    if not offered:
        return answer
    parts: list[Node] = [Repeat(Choice(offered), Literal(syntax.between), most=MOST_CALLS)]
    if syntax.begin:
        parts.insert(0, Literal(syntax.begin))
    if syntax.end:
        parts.append(Literal(syntax.end))
    return Choice((InOrder(tuple(parts)), answer))


def _call(syntax: Syntax, tool: Tool, admitted: Admitted) -> Node | None:
    opening = Literal(f"{syntax.before}{tool.name}{syntax.after}{{")
    closing = Literal(f"}}{syntax.close}")
    arguments: list[Node] = []
    required: list[bool] = []
    for name in tool.parameters.properties:
        values = admitted(tool, name)
        if values is not None and not values:
            if name in tool.parameters.required:
                return None
            continue
        value = FREE_TEXT if values is None else Choice(tuple(Literal(v) for v in dict.fromkeys(map(spelled_value, values))))
        arguments.append(InOrder((Literal(f'"{name}": '), value)))
        required.append(name in tool.parameters.required)
    if not arguments:
        return InOrder((opening, closing))
    return InOrder((opening, Subset(tuple(arguments), tuple(required), Literal(", ")), closing))


def spelled_value(value: Value) -> str:
    return json.dumps(value, ensure_ascii=False)


def spelled(syntax: Syntax, calls: Sequence[Call]) -> tuple[Segment, ...]:
    """Calls as the model writes them; the values are not ours."""
    parts: list[Segment] = []
    for place, call in enumerate(calls):
        lead = syntax.between if place else syntax.begin
        parts += [Segment(f"{lead}{syntax.before}", True), _name(call.name), Segment(f"{syntax.after}{{", True)]
        for number, (name, value) in enumerate(call.arguments.items()):
            parts += [
                Segment(f'{", " if number else ""}"', True),
                _name(name),
                Segment('": ', True),
                Segment(spelled_value(value)),
            ]
        parts.append(Segment(f"}}{syntax.close}", ours=True))
    return (*parts, Segment(syntax.end, ours=True)) if syntax.end else tuple(parts)


def _name(name: str) -> Segment:
    return Segment(name, ours=name.isidentifier())


def read(syntax: Syntax, text: str) -> Plan:
    """The plan in what a model wrote: calls, a question (it ends with a question mark), or an answer.

    Raises:
        Malformed: it begins a call that cannot be read.
    """
    text = text[:LONGEST_READ].rpartition("</think>")[2].strip()
    marker = syntax.begin.rstrip("\n[") or "{"
    begins = text.find(marker)
    if begins < 0 or (not syntax.begin and begins > 0):
        return Plan("clarify" if text.endswith("?") else "no_call", text=text)
    calls = each_once(list(_calls(syntax, text[begins:])))
    return Plan("call" if calls else "no_call", calls[:MOST_CALLS], text[:begins].strip())


def _calls(syntax: Syntax, text: str) -> Iterator[Call]:
    decoder, place = json.JSONDecoder(), 0
    between = re.compile(r"(?:\[TOOL_CALLS\]|</?tool_call>|[\s;,\]]|\[(?=\s*[{\]]))*")
    named = re.compile(r"([\w.-]+)\s*(?:\[CALL_ID\]\w*)?\[ARGS\]\s*")
    while (place := _skipped(between, text, place)) < len(text):
        name = named.match(text, place) if syntax is MISTRAL_ARGS else None
        try:
            found, place = decoder.raw_decode(text, name.end() if name else place)
        except (ValueError, RecursionError) as error:
            raise Malformed(f"the calls are not the JSON that was asked for: {error}") from None
        yield _one({"name": name[1], "arguments": found} if name else found)


def _skipped(between: re.Pattern[str], text: str, place: int) -> int:
    found = between.match(text, place)
    return found.end() if found else place


def _one(found: object) -> Call:
    if not isinstance(found, dict):
        raise Malformed("a call is not a JSON object")
    function = found.get("function", found)
    function = function if isinstance(function, dict) else found
    arguments = function.get("arguments", function.get("parameters", {}))
    if isinstance(arguments, str):
        try:
            arguments = json.loads(arguments)
        except (ValueError, RecursionError):
            raise Malformed("the arguments of a call are no JSON") from None
    try:
        call = msgspec.convert({"name": function.get("name"), "arguments": arguments or {}}, WrittenCall)
    except msgspec.ValidationError as error:
        raise Malformed(f"a call cannot be read: {error}") from None
    return Call(call.name.rpartition(".")[2], call.arguments)
