"""The calls in what a model wrote, read as BFCL reads them: ``<TOOLCALL>[f(a=1), g.h(b="x")]</TOOLCALL>``, and nothing is run.

Read differently on purpose: ``+5`` is 5 (BFCL reads -5), arithmetic is on numbers and texts of moderate size only, and
the form that the model's own chat template writes, ``[{"name": …, "arguments": {…}}]``, is read too.
"""

from __future__ import annotations

import ast
import json
import operator
import re
import warnings
from collections.abc import Callable

from netassist.evaluation.function_docs import Called

LONGEST = 50_000
"""Characters that are read."""
_LARGEST = 10**18
_OPERATORS: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv, ast.Mod: operator.mod,
}  # fmt: skip


class Unreadable(ValueError):
    """Calls that cannot be read; the message says why."""


def read(text: str) -> list[Called]:
    """The calls between the first pair of tags after what the model thought; none where there is no such pair.

    Raises:
        Unreadable: there is a pair, and what it holds is no list of calls.
    """
    found = re.search(r"<TOOLCALL>(.*?)</TOOLCALL>", text[:LONGEST].rpartition("</think>")[2], re.DOTALL)
    if found is None:
        return []
    body = found[1].strip("`\n ")
    if re.match(r"\[?\s*\{", body):
        return _from_json(body)
    body = body if body.startswith("[") else "[" + body
    body = body if body.endswith("]") else body + "]"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SyntaxWarning)  # of escapes that a string does not know
            tree = ast.parse(body.strip().strip("'"), mode="eval").body
        return [_call(item) for item in _items(tree)]
    except Unreadable:
        raise
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise Unreadable(f"no Python: {type(error).__name__}") from None
    except (TypeError, ArithmeticError) as error:
        raise Unreadable(f"a value that is none: {error}") from None


def _items(node: ast.expr) -> list[ast.expr]:
    if not isinstance(node, ast.List):
        raise Unreadable("no list")
    return node.elts


def _from_json(body: str) -> list[Called]:
    try:
        found: object = json.loads(body if body.startswith("[") else f"[{body}]")
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"no JSON: {error}") from None
    calls = []
    for item in found if isinstance(found, list) else ():
        if not isinstance(item, dict) or not isinstance(name := item.get("name"), str):
            raise Unreadable("a call without a name")
        if not isinstance(arguments := item.get("arguments", {}), dict):
            raise Unreadable(f"{name}: its arguments are no object")
        calls.append(Called(name, arguments))
    return calls


def _call(node: ast.expr) -> Called:
    """One call; as in BFCL, values without a parameter's name do not count."""
    if not isinstance(node, ast.Call):
        raise Unreadable("something that is no call")
    # ``**`` is no parameter's name, so such a call is wrong, and still a call.
    return Called(_name(node.func), {keyword.arg or "**": _value(keyword.value) for keyword in node.keywords})


def _name(node: ast.expr) -> str:
    """A function's name with its dots."""
    parts = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join(reversed([*parts, node.id] if isinstance(node, ast.Name) else parts))


def _value(node: ast.expr) -> object:
    match node:
        case ast.Constant(value=value):
            return "..." if value is ... else value
        case ast.UnaryOp(op=ast.USub() | ast.UAdd() as sign, operand=ast.Constant(value=int() | float() as number)):
            return -number if isinstance(sign, ast.USub) else number
        case ast.List(elts=items):
            return [_value(item) for item in items]
        case ast.Tuple(elts=items):
            return tuple(_value(item) for item in items)
        case ast.Dict(keys=keys, values=values) if None not in keys:
            return {_value(key): _value(value) for key, value in zip(keys, values, strict=True) if key is not None}
        case ast.Name(id=name):
            return name
        case ast.Call(keywords=[]) | ast.Subscript():
            return ast.unparse(node)
        case ast.Call():
            called = _call(node)
            return {called.name: called.arguments}
        case ast.BinOp(left=left, op=op, right=right):
            return _computed(_value(left), op, _value(right))
    raise Unreadable(f"a value of the form {type(node).__name__}")


def _computed(left: object, op: ast.operator, right: object) -> object:
    if isinstance(left, str) and isinstance(right, str) and isinstance(op, ast.Add):
        return left + right
    if isinstance(left, int | float) and isinstance(right, int | float):
        if isinstance(op, ast.Pow) and abs(left) <= 1000 and 0 <= right <= 6:
            return left**right
        if type(op) in _OPERATORS and max(abs(left), abs(right)) <= _LARGEST:
            return _OPERATORS[type(op)](left, right)
    raise Unreadable(f"arithmetic of the form {type(op).__name__}")
