"""What the daemon says of itself: a line an event, ``key=value``, for journald, a terminal or a file; or JSON.

Under systemd a line begins with its priority (sd-daemon(3)) and has no time, which the journal knows. Text of unknown origin is
disarmed, and what looks like a secret is taken out, whoever logs it.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Literal, TextIO

from netassist.untrusted import as_text, without_secrets

Form = Literal["auto", "journal", "text", "json"]
LONGEST = 2000
"""Characters of one value."""

_PRIORITIES = {logging.DEBUG: 7, logging.INFO: 6, logging.WARNING: 4, logging.ERROR: 3, logging.CRITICAL: 2}
_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/:@+,%[]")


def say(log: logging.Logger, level: int, message: str, /, **fields: object) -> None:
    """One event: what happened, in words that do not vary, and the values it happened with."""
    log.log(level, "%s", message, extra={"fields": fields})


def begin(form: Form = "auto", *, level: int = logging.INFO, stream: TextIO | None = None) -> None:
    """All log records of this process from now on go to `stream` (stderr where left out), a line each."""
    out = stream or sys.stderr
    chosen = ("journal" if is_journal(out, os.environ) else "text") if form == "auto" else form
    handler = logging.StreamHandler(out)
    handler.setFormatter(Lines(chosen))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for chatty in ("uvicorn", "uvicorn.error"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    for noisy in ("apprise", "httpx", "httpcore", "urllib3", "requests"):
        logging.getLogger(noisy).setLevel(logging.CRITICAL + 1)  # they would write URLs out, and secrets stand in these


def is_journal(stream: TextIO, environment: Mapping[str, str]) -> bool:
    """Whether `stream` is connected to journald, as systemd.exec(5) has it: ``JOURNAL_STREAM`` is its device and inode."""
    try:
        file = os.fstat(stream.fileno())
    except (OSError, ValueError):
        return False
    return environment.get("JOURNAL_STREAM") == f"{file.st_dev}:{file.st_ino}"


class Lines(logging.Formatter):
    """Formats a record as one line, whatever is in it."""

    def __init__(self, form: Literal["journal", "text", "json"]) -> None:
        super().__init__()
        self.form = form

    def format(self, record: logging.LogRecord) -> str:
        message = _safe(record.getMessage())
        given = getattr(record, "fields", None)
        fields = {as_text(str(name), 40): _safe(value) for name, value in (given or {}).items() if value is not None}
        if record.exc_info and record.exc_info[1] is not None:
            error = record.exc_info[1]
            fields["error"] = _safe(f"{type(error).__name__}: {error}")
            fields["where"] = _where(error)
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        if self.form == "json":
            whole = {"at": at, "level": record.levelname.lower(), "part": record.name, "message": message, **fields}
            return json.dumps(whole, ensure_ascii=False)
        said = " ".join((message, *(f"{name}={_quoted(value)}" for name, value in fields.items())))
        if self.form == "journal":
            return f"<{_priority(record.levelno)}>{said}"
        return f"{at} {record.levelname.lower():7} {said}"


def _safe(value: object) -> str:
    return without_secrets(as_text(str(value)[: LONGEST * 4], LONGEST))  # in this order: what is invisible may split a secret


def _quoted(value: str) -> str:
    return value if value and all(character in _PLAIN for character in value) else json.dumps(value, ensure_ascii=False)


def _priority(level: int) -> int:
    return next((number for known, number in sorted(_PRIORITIES.items(), reverse=True) if level >= known), 7)


def _where(error: BaseException) -> str:
    """The line that raised it; a whole traceback would be many lines."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return f"{os.path.basename(trace.tb_frame.f_code.co_filename)}:{trace.tb_lineno}" if trace is not None else ""
