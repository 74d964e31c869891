"""Functions as BFCL documents them, and what they are called with."""

from __future__ import annotations

from typing import Literal, NamedTuple

import msgspec

Kind = Literal["string", "integer", "float", "boolean", "array", "tuple", "dict", "any"]
"""BFCL's names of types, those of its Python categories."""


class Items(msgspec.Struct, frozen=True):
    """What a list holds."""

    type: Kind


class Parameter(msgspec.Struct, frozen=True):
    type: Kind
    items: Items | None = None


class Parameters(msgspec.Struct, frozen=True):
    properties: dict[str, Parameter]
    required: list[str] = []


class Function(msgspec.Struct, frozen=True):
    """What the checker needs of a function's document; the model is shown the whole of it."""

    name: str
    parameters: Parameters


class Called(NamedTuple):
    """A call as a model wrote it; its values are those of Python literals."""

    name: str
    arguments: dict[str, object]


Accepted = dict[str, list[object]]
"""Of each parameter the values that are accepted; ``""`` among them says that it may be left out."""
Truth = dict[str, Accepted]
"""One call, under its function's name."""
