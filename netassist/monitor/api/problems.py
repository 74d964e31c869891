"""What went wrong with a request, as ``application/problem+json`` (RFC 9457)."""

from __future__ import annotations

from http import HTTPStatus
from typing import get_args

import msgspec

from netassist.monitor.validity import in_words
from netassist.reports.words import listed
from netassist.untrusted import as_text, without_secrets

MEDIA_TYPE = "application/problem+json"


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """`title` is the status in words, `detail` says what happened and what to do."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str


class Trouble(Exception):
    """Raised by a handler to answer with a problem.

    Args:
        headers: further headers of the answer, such as ``Retry-After``.
    """

    def __init__(self, status: int, detail: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status, self.detail, self.headers = status, detail, headers or {}


def unread(what: str, error: msgspec.ValidationError, kind: type[msgspec.Struct]) -> str:
    """What is wrong with a value that was to be read as `kind`, in words: where it stands, and what there is to choose from."""
    message, _, place = str(error).partition(" - at `$")
    place = place.rstrip("`").lstrip(".")
    fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    unknown, missing = (message.partition(f"{words} field `")[2].rstrip("`") for words in ("unknown", "missing required"))
    words = in_words(message)
    if unknown:
        words = f"there is no field {unknown!r}{f'; there are {listed(list(fields), len(fields))}' if not place else ''}"
    elif missing:
        words = f"{missing} is missing"
    elif place in fields and message.startswith("Invalid enum value") and (choices := get_args(fields[place].type)):
        words += f"; there are {listed(list(map(str, choices)), len(choices))}"
    return f"{what}: {f'{place}: ' if place else ''}{words}"


def problem(status: int, detail: str) -> Problem:
    """The problem of an HTTP status; `detail` may hold text of unknown origin."""
    return Problem(title=HTTPStatus(status).phrase, status=status, detail=as_text(without_secrets(detail), 1000))
