"""Whether the calls that a model wrote are the right ones: the rules of BFCL's AST checker, for its Python categories.

Patil et al., The Berkeley Function Calling Leaderboard (ICML 2025); written anew, and held against the published checker in the
tests. The rules are stricter and laxer in places than one would make them (types are exact, a list's texts are compared without
punctuation but not those of a list within it, calls side by side are matched first come, first served): they are kept, because
a score is worth nothing beside those of others if it counts differently.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from netassist.evaluation.function_docs import Called, Function, Kind, Parameter, Truth

_PYTHON: Mapping[Kind, type] = {
    "string": str, "integer": int, "float": float, "boolean": bool, "array": list, "tuple": list, "dict": dict, "any": str,
}  # fmt: skip
_PUNCTUATION = re.compile(r"[ ,./\-_*^]")


def fault(
    category: str, functions: Sequence[Function], calls: Sequence[Called], truth: Sequence[Truth], *, underscores: bool = False
) -> str | None:
    """Why the calls are not those that `truth` asks for; None where they are.

    Args:
        category: ``simple``, ``multiple``, ``parallel`` or ``parallel_multiple``, perhaps with ``live_`` before it.
        underscores: the model was shown function names with underscores for dots, because its interface takes no dots.
    """
    if len(calls) != len(truth):
        return f"{len(calls)} calls, and {len(truth)} are right"
    known = {function.name: function for function in reversed(functions)}
    if "parallel" not in category:
        function = known.get(next(iter(truth[0]))) if "multiple" in category else functions[0]
        return _call_fault(function, calls[0], truth[0], underscores)
    left = list(calls)
    for expected in truth:
        name = next(iter(expected))
        faults = [_call_fault(known.get(name), call, expected, underscores) for call in left]
        if None not in faults:
            return f"no call is the {name} that is right: {'; '.join(dict.fromkeys(filter(None, faults)))}"
        del left[faults.index(None)]
    return None


def _call_fault(function: Function | None, call: Called, expected: Truth, underscores: bool) -> str | None:
    ((name, accepted),) = expected.items()
    if function is None:
        return f"{name} is not among the functions"
    name = function.name.replace(".", "_") if underscores else function.name
    if call.name != name:
        return f"{call.name} is called, not {name}"
    missing = [parameter for parameter in function.parameters.required if parameter not in call.arguments]
    missing += [parameter for parameter, values in accepted.items() if parameter not in call.arguments and "" not in values]
    if missing:
        return f"{name}: {missing[0]} is missing"
    for parameter, value in call.arguments.items():
        described = function.parameters.properties.get(parameter)
        if described is None or parameter not in accepted:
            return f"{name}: {parameter} should not be there"
        if wrong := _value_fault(described, value, accepted[parameter]):
            return f"{name}: {parameter}={value!r} {wrong}"
    return None


def _value_fault(parameter: Parameter, value: object, accepted: Sequence[object]) -> str | None:
    kind = _PYTHON[parameter.type]
    inner = _PYTHON[parameter.items.type] if parameter.items is not None and kind is list else None
    if parameter.type == "tuple" and isinstance(value, tuple):
        value = list(value)
    if parameter.type == "float" and type(value) is int:
        try:
            value = float(value)
        except OverflowError:
            return "is too large"
    # A value of another type than the function's is right where the accepted ones are too: the name of a variable, say.
    instead = _kind_of(accepted)
    if type(value) is not kind and type(value) is not instead:
        return f"is not of type {parameter.type}"
    if inner is not None and isinstance(value, list) and not any(_of_kind(value, inner, one) for one in accepted):
        return f"does not hold what a list of {inner.__name__} holds"
    variable = instead is not None and instead is not kind
    return None if _is_accepted(value, accepted, None if variable else kind, inner) else f"is not among {accepted!r}"


def _kind_of(accepted: Iterable[object]) -> type | None:
    """The type of the first accepted value; None where there is only ``""``."""
    return next((type(one) for one in accepted if one != ""), None)


def _of_kind(values: list[object], inner: type, accepted: object) -> bool:
    """Whether each value is of type `inner`, or of the type of what the accepted list holds."""
    if not isinstance(accepted, list):
        return True
    instead = _kind_of(accepted)
    return all(type(value) is inner or type(value) is instead for value in values)


def _is_accepted(value: object, accepted: Sequence[object], kind: type | None, inner: type | None) -> bool:
    """Whether the value is one of the accepted; `kind` is None where that is a plain comparison."""
    if kind is dict and isinstance(value, dict):
        return any(_dict_fits(value, one) for one in accepted)
    if kind is list and isinstance(value, list):
        if inner is dict:
            return any(_dicts_fit(value, one) for one in accepted)
        return _plain_items(value) in [_plain_items(one) for one in accepted if isinstance(one, list | str)]
    if kind is str and isinstance(value, str):
        return _plain(value) in [_plain(one) for one in accepted if isinstance(one, str)]
    return value in accepted


def _dict_fits(value: object, accepted: object) -> bool:
    """Whether each key's value is accepted, and every key is there that has to be; dicts within are compared plainly."""
    if not isinstance(value, dict) or not isinstance(accepted, dict):
        return False
    if not all(key in value or _optional(values) for key, values in accepted.items()):
        return False
    return all(key in accepted and _plain(one) in _plain_items(accepted[key]) for key, one in value.items())


def _optional(values: object) -> bool:
    return isinstance(values, str) or (isinstance(values, list) and "" in values)


def _dicts_fit(values: list[object], accepted: object) -> bool:
    if not isinstance(accepted, list | str) or len(values) != len(accepted):
        return False
    return all(_dict_fits(value, one) for value, one in zip(values, accepted, strict=True))


def _plain(value: object) -> object:
    """A text without spaces, punctuation and letter case, its single quotation marks double; anything else as it is."""
    return _PUNCTUATION.sub("", value).lower().replace("'", '"') if isinstance(value, str) else value


def _plain_items(values: object) -> list[object]:
    return [_plain(value) for value in values] if isinstance(values, list | str) else []
