"""A conversation as the messages of a chat completion API, with native tool calls or in the AVAILABLE_TOOLS dialect. No I/O."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from netassist.backends.available_tools import LONGEST_RESULT, spelled, template
from netassist.backends.event_stream import Reply
from netassist.backends.function_tools import Hidden, Json, as_json
from netassist.backends.planning import Exchange, Round
from netassist.entities import Entity, recognise
from netassist.llama.calls import CLOSE, OPEN
from netassist.toolbox import Call, Value
from netassist.untrusted import as_text

LONGEST_FRESH_RESULT = 4000
"""Characters of a result of the request at hand; one of an earlier request is cut at `LONGEST_RESULT`."""
_OUTCOMES = {
    "call": "These are the results.",
    "clarify": "Which host or network do you mean?",
    "no_call": "None of the tools does that.",
}
"""What stands for an earlier answer, whose words came from elsewhere."""


class Asked(NamedTuple):
    """What is put to a model: `functions` are the tools as `function_tools.described` makes them."""

    request: str
    earlier: Sequence[Exchange]
    so_far: Sequence[Round]
    inventory: Mapping[str, str]
    functions: Sequence[Json]


def messages(asked: Asked, hidden: Hidden, *, has_tools: bool) -> list[Json]:
    """The messages. With `has_tools` calls and results have roles of their own; else they stand in the text, as the tools do."""
    made: list[Json] = [{"role": "system", "content": _system("" if has_tools else as_json(asked.functions))}]
    add = _native if has_tools else _written
    said: list[Entity] = []
    for turn, exchange in enumerate(asked.earlier):
        made.append(_user(exchange.request, asked.inventory, said, hidden))
        # Of a turn that is long ago the findings may be all that is left, and they belong to no call of it.
        own = exchange.results if len(exchange.results) == len(exchange.calls) else ("below, in short",) * len(exchange.calls)
        if exchange.calls:
            made += add(f"{turn}", exchange.calls, own, LONGEST_RESULT, hidden)
        more = [hidden(as_text(result, LONGEST_RESULT)) for result in (exchange.results if own != exchange.results else ())]
        made.append({"role": "assistant", "content": "\n".join(more) or _OUTCOMES[exchange.outcome]})
    made.append(_user(asked.request, asked.inventory, said, hidden))
    for number, round_ in enumerate(asked.so_far):
        made += add(f"r{number}", round_.calls, round_.results, LONGEST_FRESH_RESULT, hidden)
    return made


def correction(reply: Reply, problems: Mapping[int, str], *, has_tools: bool) -> list[Json]:
    """What the model wrote, and what is wrong with it: `problems` by the number of the call, -1 for all that was written."""
    told = "; ".join(problems.values())
    if not has_tools or not reply.calls:
        again = f"Nothing was run: {told}. Write all the calls again, corrected."
        return [{"role": "assistant", "content": reply.text}, {"role": "user", "content": again}]
    calls: list[Json] = []
    answers: list[Json] = []
    for number, call in enumerate(reply.calls):
        name, arguments = call.name or "unknown", call.arguments if _is_object(call.arguments) else "{}"
        identity = call.id or f"call_{number}"
        calls.append({"id": identity, "type": "function", "function": {"name": name, "arguments": arguments}})
        wrong = problems.get(number)
        content = (
            f"Not run: {wrong}." if wrong else "Not run yet, because another call is wrong. This one is right: make it again."
        )
        answers.append({"role": "tool", "tool_call_id": identity, "content": content})
    return [{"role": "assistant", "content": reply.text or None, "tool_calls": calls}, *answers]


def _user(request: str, inventory: Mapping[str, str], said: list[Entity], hidden: Hidden) -> Json:
    """A request, and what the names in it stand for; `said` takes what it names."""
    named = recognise(request, inventory, said)
    said += named
    stands = {hidden(e.text): hidden(str(e.value)) for e in named if e.kind in ("host", "network", "url") and e.text != e.value}
    content = hidden(as_text(request, 2 * len(request) + 1))
    notes = [f"{text} = {value}" for text, value in stands.items() if text != value]
    return {"role": "user", "content": f"{content}\n\n(Names: {'; '.join(notes)})" if notes else content}


def _native(turn: str, calls: Sequence[Call], results: Sequence[str], longest: int, hidden: Hidden) -> list[Json]:
    made: list[Json] = []
    answers: list[Json] = []
    for number, call in enumerate(_hidden(calls, hidden)):
        identity = f"call_{turn}_{number}"
        arguments = json.dumps(call.arguments, ensure_ascii=False)
        made.append({"id": identity, "type": "function", "function": {"name": call.name, "arguments": arguments}})
        result = as_text(results[number], longest) if number < len(results) else "not known any more"
        answers.append({"role": "tool", "tool_call_id": identity, "content": hidden(result)})
    return [{"role": "assistant", "content": None, "tool_calls": made}, *answers]


def _written(turn: str, calls: Sequence[Call], results: Sequence[str], longest: int, hidden: Hidden) -> list[Json]:
    said = OPEN + ", ".join(spelled(call) for call in _hidden(calls, hidden)) + CLOSE[1:]
    answers = json.dumps([hidden(as_text(result, longest)) for result in results], ensure_ascii=False)
    return [
        {"role": "assistant", "content": said},
        {"role": "user", "content": f"<TOOL_RESPONSE>{answers}</TOOL_RESPONSE>"},
    ]


def _hidden(calls: Sequence[Call], hidden: Hidden) -> list[Call]:
    def value(given: Value) -> Value:
        return hidden(given) if isinstance(given, str) else given

    return [Call(call.name, {name: value(given) for name, given in call.arguments.items()}) for call in calls]


def _is_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        return False


def _system(functions: str) -> str:
    import jinja2  # here, because nothing else of this module is slow to load

    # Not HTML, and nothing is put in but our own tools.
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined, autoescape=False)  # noqa: S701
    return environment.from_string(template("remote.jinja")).render(functions=functions).strip()
