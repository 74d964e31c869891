"""What went wrong with a request, as ``application/problem+json`` (RFC 9457)."""

from __future__ import annotations

from http import HTTPStatus

import msgspec

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


def problem(status: int, detail: str) -> Problem:
    """The problem of an HTTP status; `detail` may hold text of unknown origin."""
    return Problem(title=HTTPStatus(status).phrase, status=status, detail=as_text(without_secrets(detail), 1000))
