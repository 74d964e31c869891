"""Any model by the chat template that its GGUF carries: with the template's own tools, or where it has none, AVAILABLE_TOOLS."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Literal, NamedTuple, TypeAlias

import msgspec

from netassist.backends import available_tools, call_syntax
from netassist.backends.available_tools import LONGEST_RESULT, admitted
from netassist.backends.brevity import Detail, described, shortened
from netassist.backends.call_syntax import HERMES, Syntax
from netassist.backends.planning import Exchange, Plan
from netassist.backends.template_process import HOLE, SECONDS, Job, Message, Order, Rendered
from netassist.llama.grammar import Node
from netassist.llama.messages import LONGEST_TEMPLATE, Chat, Segment
from netassist.toolbox import Tool
from netassist.untrusted import as_text

_HOLE = re.compile("\ue000(j?)(\\d{1,6})\ue001")
# What other families mark turns and calls with: <|im_start|>, <start_of_turn>, [INST], </s>.
_TAG = re.compile(r"<(?=[/|｜_A-Za-z])|\[(?=/?[A-Z_]{2,}\])")
_INSTRUCTION = (
    'The functions above can be called. To call some, answer with nothing but <TOOLCALL>[name(argument="value")]</TOOLCALL>, '
    "several separated by commas. Ask back where it is not said which host is meant. Where no function serves, say so.\n\n"
)
_MOST_NESTED = 4
PATIENCE = 10
"""Seconds that a rendering may take by the clock."""


class Unusable(Exception):
    """A chat template that no prompt can be made with; the message says why, without the model's name."""


class Family(NamedTuple):
    """How a model is talked to.

    `syntax` is that of its template's own tools, None where AVAILABLE_TOOLS stands in for them. `folded`: a conversation is one
    user turn, because the template would write the tools behind earlier turns, where they could not be read once and kept.
    """

    chat: Chat
    syntax: Syntax | None
    folded: bool
    thinks: bool

    def without_tools(self) -> Family:
        """The same with AVAILABLE_TOOLS, which signatures are enough for; the JSON of the template's own tools is longer."""
        return self if self.syntax is None else self._replace(syntax=None, folded=True)

    def prompt(
        self, request: str, earlier: Sequence[Exchange], tools: Sequence[Tool], thinking: bool = False, detail: Detail = "whole"
    ) -> tuple[Segment, ...]:
        """The prompt in segments: the template's own text is ours, all that is put into it is not.

        Raises:
            Unusable: the template fails, or leaves out what is said.
        """
        docs = function_docs(tools, detail) if self.syntax else None
        said = self._turns(request, earlier, tools, detail)
        roles = tuple[Role, ...]("assistant" if place % 2 else "user" for place in range(len(said)))
        (shape,) = _shapes(self.chat, ((roles, docs, thinking),))
        filled = _filled(shape, said)
        return _begun(filled, thinking) if self.thinks else filled

    def grammar(self, request: str, earlier: Sequence[Exchange], tools: Sequence[Tool], inventory: Mapping[str, str]) -> Node:
        """Calls over what the user named in this conversation, or an answer in the model's own words."""
        if self.syntax is None:
            return available_tools.grammar(request, earlier, tools, inventory)
        return call_syntax.grammar(self.syntax, tools, admitted(request, earlier, inventory))

    def read(self, text: str) -> Plan:
        """The plan in what the model wrote; raises Malformed."""
        return available_tools.read(text) if self.syntax is None else call_syntax.read(self.syntax, text)

    def _turns(
        self, request: str, earlier: Sequence[Exchange], tools: Sequence[Tool], detail: Detail
    ) -> list[tuple[Segment, ...]]:
        """What user and assistant say in turn. Results of calls come with the request that followed them."""
        head: tuple[Segment, ...] = ()
        if self.syntax is None:
            functions = Segment(_unmarked(described(tools, detail)))
            head = (Segment("<AVAILABLE_TOOLS>", True), functions, Segment(f"</AVAILABLE_TOOLS>\n\n{_INSTRUCTION}", True))
        turns: list[tuple[Segment, ...]] = []
        results: tuple[Segment, ...] = ()
        for exchange in earlier:
            turns += [(*results, Segment(_said(exchange.request))), self._answer(exchange)]
            results = self._results(exchange)
        turns.append((*results, Segment(_said(request))))
        if self.folded and earlier:
            labels = [Segment(("\nAssistant: " if place % 2 else "\n\nUser: "), True) for place in range(len(turns))]
            whole = [part for label, turn in zip(labels, turns, strict=True) for part in (label, *turn)]
            # Not ours, so that it is not joined to what stands before it: the head is the same as without earlier turns.
            turns = [(Segment("The conversation so far, and the request to answer, which is the last one:"), *whole)]
        turns[0] = (*head, *turns[0])
        return turns

    def _answer(self, exchange: Exchange) -> tuple[Segment, ...]:
        if exchange.calls and self.syntax is not None:
            return call_syntax.spelled(self.syntax, exchange.calls)
        return (Segment(available_tools.written(exchange)),)

    def _results(self, exchange: Exchange) -> tuple[Segment, ...]:
        if not exchange.results:
            return ()
        found = _unmarked(json.dumps([as_text(result, LONGEST_RESULT) for result in exchange.results], ensure_ascii=False))
        if self.syntax is HERMES:
            return Segment("<tool_response>\n", True), Segment(found), Segment("\n</tool_response>\n\n", True)
        return Segment("The calls gave: ", True), Segment(found), Segment("\n\n", True)


def family_of(chat: Chat) -> Family | None:
    """How a model with this template is talked to; None where the Nemotron prompt is its own.

    Raises:
        Unusable: the template fails, is too long, or leaves out what is said.
    """
    if len(chat.template) > LONGEST_TEMPLATE:
        raise Unusable(f"it has more than {LONGEST_TEMPLATE:,} characters")
    if "<AVAILABLE_TOOLS>" in chat.template and "<TOOLCALL>" in chat.template:
        return None
    thinks = "enable_thinking" in chat.template or "<think>" in chat.template
    syntax = call_syntax.syntax_of(chat.template)
    probe = json.dumps([{"type": "function", "function": {"name": "probe", "description": "", "parameters": {"properties": {}}}}])
    user: tuple[Role, ...] = ("user",)
    talk: tuple[Role, ...] = ("user", "assistant", "user")
    native, longer, plain, plain_longer = _attempts(chat, [(user, probe), (talk, probe), (user, None), (talk, None)])
    if syntax is not None and native is not None and "probe" in _whole(native):
        return Family(chat, syntax, longer is None or not _before_first(longer, "probe"), thinks)
    if plain is None:
        _shapes(chat, ((user, None, False),))  # says why
    return Family(chat, None, plain_longer is None, thinks)


def function_docs(tools: Sequence[Tool], detail: Detail) -> str:
    """The tools in the form of OpenAI's function calling, as JSON; in fewer words than `whole` for a small context."""
    docs = [{"type": "function", "function": shortened(tool, detail)} for tool in tools]
    return _unmarked(json.dumps(docs, ensure_ascii=False))


def _said(request: str) -> str:
    return _unmarked(as_text(request, 2 * len(request) + 1))


def _unmarked(text: str) -> str:
    return _TAG.sub(lambda match: f"{match[0]} ", text)


Role: TypeAlias = Literal["user", "assistant"]
_Asked: TypeAlias = tuple[tuple[Role, ...], str | None, bool]


def _attempts(chat: Chat, asked: Sequence[tuple[tuple[Role, ...], str | None]]) -> list[Rendered | None]:
    """Each prompt, None where the template refuses it or leaves something out."""
    return [
        None if one.error or _left_out(one, len(roles)) else one
        for (roles, _), one in zip(asked, _rendered(chat, tuple((roles, docs, False) for roles, docs in asked)), strict=True)
    ]


def _shapes(chat: Chat, asked: tuple[_Asked, ...]) -> list[Rendered]:
    """Prompts with a hole for each turn; raises Unusable."""
    shapes = _rendered(chat, asked)
    for (roles, _, _), shape in zip(asked, shapes, strict=True):
        if shape.error:
            raise Unusable(as_text(shape.error, 200))
        if _left_out(shape, len(roles)):
            raise Unusable("it leaves out what the user says")
    return list(shapes)


def _left_out(shape: Rendered, turns: int) -> bool:
    """Whether a turn is missing or there twice, or a hole is none of ours."""
    numbers = [int(number) for _, number in _HOLE.findall(_whole(shape))]
    return any(numbers.count(turn) != 1 for turn in range(turns)) or any(number >= turns + len(shape.given) for number in numbers)


def _whole(shape: Rendered) -> str:
    return shape.text + "".join(shape.given)


def _before_first(shape: Rendered, word: str) -> bool:
    """Whether `word` stands before the first turn, in the template's text or in what it wrote as JSON."""
    before = shape.text.partition(HOLE.format(0))[0]
    holes = [int(number) for _, number in _HOLE.findall(before)]
    return word in before or any(word in shape.given[number - 3] for number in holes if number >= 3)


@lru_cache(maxsize=64)
def _rendered(chat: Chat, asked: tuple[_Asked, ...]) -> tuple[Rendered, ...]:
    """Prompts from a process of their own. What is said is not in them, so a conversation of a length is rendered once.

    Raises:
        Unusable: the process did not end as it should.
    """
    jobs = tuple(
        Job(
            tuple(Message(role, HOLE.format(place)) for place, role in enumerate(roles)),
            docs,
            thinking,
        )
        for roles, docs, thinking in asked
    )
    order = Order(chat.template, chat.bos, chat.eos, jobs)
    package = Path(__file__).parent.parent.parent
    search = os.pathsep.join(filter(None, (str(package), os.environ.get("PYTHONPATH"))))
    words = [sys.executable, "-P", "-m", "netassist.backends.template_process"]
    try:
        done = subprocess.run(  # noqa: S603 - our own module
            words,
            input=msgspec.json.encode(order),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=PATIENCE,
            env={"PATH": os.environ.get("PATH", ""), "PYTHONPATH": search},
            check=True,
        )
        return msgspec.json.decode(done.stdout, type=tuple[Rendered, ...])
    except subprocess.TimeoutExpired:
        raise Unusable(f"it takes more than {PATIENCE} seconds") from None
    except subprocess.CalledProcessError as error:
        why = (
            f"it takes more than {SECONDS} seconds of computing" if error.returncode < 0 else "the process that renders it fails"
        )
        raise Unusable(why) from None
    except (OSError, msgspec.DecodeError) as error:
        raise Unusable(f"it could not be rendered: {type(error).__name__}") from None


def _filled(shape: Rendered, said: Sequence[tuple[Segment, ...]]) -> tuple[Segment, ...]:
    """The prompt: turns in their holes; what the template wrote as JSON is not ours."""
    parts: list[Segment] = []

    def put(text: str, ours: bool, level: int = 0) -> None:
        place = 0
        for hole in _HOLE.finditer(text):
            parts.append(Segment(text[place : hole.start()], ours))
            place, number = hole.end(), int(hole[2])
            if number >= len(said):
                if level < _MOST_NESTED:
                    put(shape.given[number - len(said)], False, level + 1)
            elif hole[1]:
                parts.append(Segment(json.dumps("".join(part.text for part in said[number]), ensure_ascii=False)[1:-1]))
            else:
                parts.extend(said[number])
        parts.append(Segment(text[place:], ours))

    put(shape.text, True)
    return _joined(parts)


def _joined(parts: Sequence[Segment]) -> tuple[Segment, ...]:
    """Without empty ones, and those of ours that touch made one, as the tokeniser would read them."""
    joined: list[Segment] = []
    for part in parts:
        if joined and part.ours and joined[-1].ours:
            joined[-1] = Segment(joined[-1].text + part.text, True)
        elif part.text:
            joined.append(part)
    return tuple(joined)


def _begun(prompt: tuple[Segment, ...], thinking: bool) -> tuple[Segment, ...]:
    """The assistant's turn begun as for Nemotron: with an empty thought where it shall not think, with nothing where it shall."""
    last = prompt[-1]
    if not last.ours:
        return prompt
    text = re.sub(r"<think>\s*(?:</think>\s*)?$", "", last.text)
    return (*prompt[:-1], Segment(text if thinking else f"{text}<think>\n\n</think>\n\n", True))
