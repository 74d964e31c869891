"""The AVAILABLE_TOOLS dialect of Nemotron and its like: prompt, grammar of an answer, reading of both call syntaxes."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

import msgspec

from netassist.backends.brevity import Detail, described
from netassist.backends.function_tools import reach_of
from netassist.backends.planning import Exchange, Plan
from netassist.grounding import candidates
from netassist.llama.calls import CLOSE, MOST_CALLS, OPEN, calls_grammar
from netassist.llama.grammar import Node, Text
from netassist.llama.messages import Segment
from netassist.toolbox import Call, Tool, Value, each_once
from netassist.untrusted import as_text

LONGEST_RESULT = 500
"""Characters of one earlier result that the model is reminded of."""
LONGEST_ANSWER = 1500
LONGEST_READ = 50_000
_HOLE = re.compile("\x00(\\d+)\x00")
_ANSWERS = {
    "clarify": "Which host or network do you mean?",
    "no_call": "None of the tools does that.",
    "call": "Nothing was called.",
}
"""What stands for an earlier answer without calls, because the words that the user read came from elsewhere."""


class Malformed(ValueError):
    """An answer whose calls cannot be read; the message says what is wrong, fit for a person and for a model."""


class Turn(NamedTuple):
    """A request, with what the tools said before it and what was answered to it; the last turn's answer is not there yet."""

    results: str
    request: str
    answer: str


def prompt(
    request: str, earlier: Sequence[Exchange], tools: Sequence[Tool], thinking: bool = False, detail: Detail = "whole"
) -> tuple[Segment, ...]:
    """prompts/nemotron.jinja in segments: the template's own text is ours, all that is put into it is not.

    The tools stand first and do not change, so the model reads them once. Results of earlier calls come with the request that
    followed them, because the roles have to alternate.
    """
    turns: list[Turn] = []
    results = ""
    for exchange in earlier:
        turns.append(Turn(results, _said(exchange.request), written(exchange)))
        results = json.dumps([as_text(result, LONGEST_RESULT) for result in exchange.results], ensure_ascii=False)
        results = results if exchange.results else ""
    turns.append(Turn(results, _said(request), ""))
    return rendered(described(tools, detail), turns, thinking)


def _said(request: str) -> str:
    # A person may paste what a server said: its markers are broken up here too.
    return as_text(request, 2 * len(request) + 1)


def written(exchange: Exchange) -> str:
    """An earlier answer as this dialect writes it."""
    if exchange.calls:
        return OPEN + ", ".join(spelled(call) for call in exchange.calls) + CLOSE[1:]
    return _ANSWERS[exchange.outcome]


def spelled(call: Call) -> str:
    """A call as the model writes it: ``ping(host="192.0.2.1", count=3)``."""
    return f"{call.name}({', '.join(f'{name}={literal(value)}' for name, value in call.arguments.items())})"


def literal(value: Value) -> str:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else str(value)


def rendered(functions: str, turns: Sequence[Turn], thinking: bool) -> tuple[Segment, ...]:
    """The template over these turns; `functions` is JSON. All that is given becomes text without special tokens."""
    import jinja2  # here, because only this dialect needs it

    given: list[str] = []

    def hole(value: object) -> str:
        given.append(str(value))
        return f"\x00{len(given) - 1}\x00"

    # Not HTML: what is put in stays apart from the template as a segment of its own.
    environment = jinja2.Environment(finalize=hole, undefined=jinja2.StrictUndefined, autoescape=False)  # noqa: S701
    text = environment.from_string(template("nemotron.jinja")).render(functions=functions, turns=turns, thinking=thinking)
    parts = _HOLE.split(text)
    pieces = (Segment(given[int(part)]) if place % 2 else Segment(part, ours=True) for place, part in enumerate(parts))
    return tuple(piece for piece in pieces if piece.text)


@cache
def template(name: str) -> str:
    """A file of prompts/."""
    packaged = Path(__file__).parent.parent / "prompts"
    folder = packaged if packaged.is_dir() else Path(__file__).parent.parent.parent / "prompts"
    return (folder / name).read_text(encoding="utf-8")


def grammar(request: str, earlier: Sequence[Exchange], tools: Sequence[Tool], inventory: Mapping[str, str]) -> Node:
    """Calls over what the user named in this conversation, or an answer in the model's own words."""
    allowed = admitted(request, earlier, inventory)

    def values(tool: Tool, name: str) -> list[str] | None:
        found = allowed(tool, name)
        return None if found is None else [literal(value) for value in found]

    return calls_grammar(tools, values, (Text(most=LONGEST_ANSWER, forbidden="<", least=1),))


def admitted(
    request: str, earlier: Sequence[Exchange], inventory: Mapping[str, str]
) -> Callable[[Tool, str], Sequence[Value] | None]:
    """(tool, parameter) → the values that it may take in this conversation; None where the model may write its own words."""
    reach = reach_of(request, earlier, inventory)
    # Whole numbers of tools that users added: any that was said.
    heard = " ".join([*(exchange.request for exchange in earlier), request])
    numbers = [int(number) for number in re.findall(r"(?<![\d.])\d{1,9}(?![\d.]\d)", heard)]

    def values(tool: Tool, name: str) -> Sequence[Value] | None:
        parameter = tool.parameters.properties[name]
        allowed = candidates(name, parameter, reach, tool.name)
        return tuple(dict.fromkeys(numbers)) if allowed is None and parameter.type == "integer" else allowed

    return values


def read(text: str) -> Plan:
    """The plan in what a model wrote: calls in either syntax, a question (it ends with a question mark), or an answer.

    Raises:
        Malformed: it begins a call that cannot be read.
    """
    text = text[:LONGEST_READ].rpartition("</think>")[2].strip()
    before, opened, inside = text.partition("<TOOLCALL>")
    if not opened:
        return Plan("clarify" if text.endswith("?") else "no_call", text=text)
    body = inside.partition("</TOOLCALL>")[0].strip()
    calls = _from_json(body) if re.match(r"\[?\s*\{", body) else _from_python(body)
    unique = each_once(calls)
    if not unique:
        return Plan("no_call", text=before.strip())
    return Plan("call", unique[:MOST_CALLS], before.strip())


def prose(text: str) -> str:
    """Of what a model is still writing, what is meant for a person: neither its thought nor its calls, whole or begun."""
    if text.lstrip().startswith("<think>") and "</think>" not in text:
        return ""
    said = text[:LONGEST_READ].rpartition("</think>")[2].partition("<TOOLCALL>")[0]
    return re.sub(r"<[/A-Za-z_]*\Z", "", said).strip()


class WrittenCall(msgspec.Struct, frozen=True):
    name: str
    arguments: dict[str, Value] = {}


def _from_json(body: str) -> list[Call]:
    body = body if body.startswith("[") else f"[{body}]"
    try:
        found = msgspec.json.decode(body.encode("utf-8", "replace"), type=list[WrittenCall])
    except (msgspec.DecodeError, RecursionError) as error:
        raise Malformed(f"the calls are not the JSON that was asked for: {error}") from None
    return [Call(call.name.rpartition(".")[2], call.arguments) for call in found]


def _from_python(body: str) -> list[Call]:
    body = body if body.startswith("[") else f"[{body}]"
    try:
        tree = ast.parse(body, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise Malformed(f"the calls are no list of function calls: {type(error).__name__}") from None
    if not isinstance(tree, ast.List):
        raise Malformed("the calls are no list of function calls")
    return [_call(node) for node in tree.elts]


def _call(node: ast.expr) -> Call:
    if not isinstance(node, ast.Call) or node.args:
        raise Malformed("a call without a name, or with arguments that have none")
    function = node.func
    name = function.id if isinstance(function, ast.Name) else function.attr if isinstance(function, ast.Attribute) else None
    if name is None:
        raise Malformed("a call of something that is no function's name")
    arguments: dict[str, Value] = {}
    for keyword in node.keywords:
        if keyword.arg is None:
            raise Malformed(f"{name}: an argument without a name")
        arguments[keyword.arg] = _constant(name, keyword.arg, keyword.value)
    return Call(name, arguments)


def _constant(tool: str, name: str, node: ast.expr) -> Value:
    match node:
        case ast.Constant(value=str() | bool() | int() as value):
            return value
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() as value)):
            return -value
        case ast.Name(id="true" | "false" as word):
            return word == "true"
    raise Malformed(f"{tool}: {name} is neither a text, a whole number nor a truth value")
