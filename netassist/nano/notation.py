"""How the built-in model reads and writes: entities as placeholders, calls in the TOOLCALL syntax over them.

The model reads ``is ⟨H1⟩ up`` and writes ``<TOOLCALL>[ping(host=⟨H1⟩)]</TOOLCALL>``; it points at targets and never spells
them. Training and planning both go through this module, which is versioned with the weights (`VERSION`).
"""

from __future__ import annotations

import ast
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from netassist.entities import Entity, Kind, recognise
from netassist.grounding import KINDS, value_of
from netassist.nano.free_text import description_in, rest_after
from netassist.toolbox import Call, Tool, Value, tools

VERSION = 1

LETTERS: dict[Kind, str] = {
    "host": "H", "network": "C", "url": "U", "word": "W", "number": "N", "service_port": "S", "duration": "D", "ports": "P",
}  # fmt: skip
LIMITS: dict[str, int] = {"H": 10, "C": 4, "U": 4, "W": 10, "N": 10, "S": 5, "D": 4, "P": 3}
"""How many placeholders of each letter the vocabulary holds; what a talk names beyond them stays plain text."""

USER, ASSISTANT, END = "<|user|>", "<|assistant|>", "<|end|>"
TOOLS_OPEN, TOOLS_CLOSE = "<AVAILABLE_TOOLS>", "</AVAILABLE_TOOLS>"
CALLS_OPEN, CALLS_CLOSE, NEXT_CALL, NEXT_ARGUMENT = "<TOOLCALL>[", ")]</TOOLCALL>", "), ", ", "
NO_CALL, CLARIFY = "<NO_CALL>", "<CLARIFY>"
DESCRIPTION, REST = "⟨T⟩", "⟨R⟩"
"""Free text that is cut out of the request by rule (`netassist.nano.free_text`): what a new processor
shall do, and what follows a processor's name."""

_POINTER = re.compile("⟨(.*?)⟩")
_RESERVED = str.maketrans({"⟨": "(", "⟩": ")", "<": "(", ">": ")", "|": "/"})


class Talk:
    """The entities of a conversation, each value with one placeholder over all its turns.

    `named_last` are the placeholders that the last turn holds, `crowded_out` its entities for which no placeholder was left.
    """

    def __init__(self, inventory: Mapping[str, str] | None = None) -> None:
        self.inventory = inventory or {}
        self.entities: list[Entity] = []
        self.placeholders: dict[str, Entity] = {}
        self.last = ""
        self.named_last: set[str] = set()
        self.crowded_out: list[Entity] = []
        self._names: dict[tuple[str, str], str] = {}

    def read(self, request: str) -> str:
        """The next user turn with its entities as placeholders; names that may be ordinary words keep their text."""
        found = recognise(request, self.inventory, self.entities)
        parts, position = [], 0
        self.named_last, self.crowded_out = set(), []
        for entity in found:
            name = self._placeholder(entity)
            if name is None:
                self.crowded_out.append(entity)
                continue
            self.named_last.add(name)
            parts += [plain(request[position : entity.start]), name]
            position = entity.start if _keeps_text(entity) else entity.end
        parts.append(plain(request[position:]))
        self.entities.extend(found)
        self.last = request
        return re.sub(r"\s+", " ", "".join(parts)).strip()

    def _placeholder(self, entity: Entity) -> str | None:
        letter = LETTERS[entity.kind]
        key = (letter, str(entity.value).lower())
        if key not in self._names:
            taken = sum(1 for known, _ in self._names if known == letter)
            if taken >= LIMITS[letter]:
                return None
            self._names[key] = f"⟨{letter}{taken + 1}⟩"
            self.placeholders[self._names[key]] = entity
        return self._names[key]


def _keeps_text(entity: Entity) -> bool:
    """Words and service names may mean something beside what they point at, so the model sees them too."""
    return entity.kind in ("word", "service_port", "ports") or (entity.kind == "number" and not entity.text.isdigit())


def plain(text: str) -> str:
    """Ordinary text as the model knows it: small letters, no accents, no characters that markers are made of."""
    folded = unicodedata.normalize("NFKD", text.lower().translate(_RESERVED).replace("ß", "ss"))
    return "".join(c for c in folded if not unicodedata.combining(c))


def tool_list(available: Sequence[Tool]) -> str:
    """The head of the prompt: every tool that may be called is one token of the vocabulary."""
    return TOOLS_OPEN + "".join(f"{tool.name}(" for tool in available) + TOOLS_CLOSE


def literal(value: Value) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value)


def write(calls: Sequence[Call], outcome: str, talk: Talk) -> str:
    """What the model has to write for these calls.

    Raises:
        ValueError: an argument that nothing in the conversation names.
    """
    if not calls:
        return CLARIFY if outcome == "clarify" else NO_CALL
    return CALLS_OPEN + NEXT_CALL.join(_written(call, talk) for call in calls) + CALLS_CLOSE


def _written(call: Call, talk: Talk) -> str:
    properties = tools()[call.name].parameters.properties
    arguments = [f"{name}={_pointer(call, name, talk)}" for name in properties if name in call.arguments]
    return f"{call.name}(" + NEXT_ARGUMENT.join(arguments)


def _pointer(call: Call, name: str, talk: Talk) -> str:
    parameter, value = tools()[call.name].parameters.properties[name], call.arguments[name]
    if parameter.enum or isinstance(value, bool):
        return literal(value)
    for pointer, resolved in reversed(list(pointers(call.name, name, talk))):
        if resolved is None or str(resolved).lower().rstrip("/.") == str(value).lower().rstrip("/."):
            return pointer
    raise ValueError(f"{call.name}: {name}={value!r} is not named in {talk.last!r}")


def pointers(tool: str, name: str, talk: Talk) -> Iterator[tuple[str, Value | None]]:
    """Every pointer that a parameter may take in this conversation, with its value (None: cut out of the request by rule)."""
    if (tool, name) == ("processor_create", "description"):
        yield DESCRIPTION, None
        return
    if (tool, name) == ("processor_run", "arguments"):
        yield from ((pointer, entity.text) for pointer, entity in talk.placeholders.items())
        for value in {rest_after(talk.last, entity) for entity in talk.entities if entity.kind in ("word", "host")} - {""}:
            yield REST, value
        return
    if tool.startswith("processor_"):
        yield from ((p, e.text) for p, e in talk.placeholders.items() if e.kind in ("word", "host"))
        return
    for pointer, entity in talk.placeholders.items():
        if entity.kind in KINDS[name]:
            yield pointer, value_of(tool, name, entity)


class Unreadable(ValueError):
    """The model wrote something that is no call over this conversation's placeholders."""


class Reading(msgspec.Struct, frozen=True):
    outcome: str
    calls: tuple[Call, ...] = ()


def read_output(text: str, talk: Talk) -> Reading:
    """The calls in what the model wrote, placeholders put back; raises Unreadable."""
    if text.startswith(NO_CALL):
        return Reading("no_call")
    if text.startswith(CLARIFY):
        return Reading("clarify")
    if not text.startswith(CALLS_OPEN) or CALLS_CLOSE not in text:
        raise Unreadable(f"not a call: {text[:80]!r}")
    body = text[len(CALLS_OPEN) : text.index(CALLS_CLOSE)] + ")"
    try:
        tree = ast.parse("[" + _POINTER.sub(r"_\1", body) + "]", mode="eval").body
    except SyntaxError as error:
        raise Unreadable(f"not a call: {text[:80]!r}") from error
    if not isinstance(tree, ast.List):
        raise Unreadable(f"not a call: {text[:80]!r}")
    return Reading("call", tuple(_call(node, talk) for node in tree.elts))


def _call(node: ast.expr, talk: Talk) -> Call:
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name) or node.args:
        raise Unreadable("not a call with named arguments")
    tool = node.func.id
    named = {k.arg: k.value for k in node.keywords if k.arg}
    arguments: dict[str, Value] = {}
    for name, value in named.items():
        if isinstance(value, ast.Constant) and isinstance(value.value, str | bool | int):
            arguments[name] = value.value
        elif isinstance(value, ast.Name):
            arguments[name] = _resolved(tool, name, f"⟨{value.id[1:]}⟩", talk, arguments)
        else:
            raise Unreadable(f"{tool}: {name} is no value")
    return Call(tool, arguments)


def _resolved(tool: str, name: str, pointer: str, talk: Talk, before: Mapping[str, Value]) -> Value:
    if pointer == DESCRIPTION:
        return description_in(talk.last)
    if pointer == REST:
        said = next((e for e in reversed(talk.entities) if str(e.text).lower() == str(before.get("name", "")).lower()), None)
        return rest_after(talk.last, said) if said else ""
    for known, value in pointers(tool, name, talk):
        if known == pointer and value is not None:
            return value
    raise Unreadable(f"{tool}: {name} points at {pointer}, which nobody named")
