"""Numbers, lists, dates and places in plain English."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

from netassist.observations import Endpoint
from netassist.targets import host_port
from netassist.untrusted import as_text

_NAME_LIMIT = 64
_PLAIN = re.compile(r"[\w.&'/*+()-]+( [\w.&'/*+()-]+){0,4}")


def count(number: int, singular: str, plural: str | None = None) -> str:
    """``1 port``, ``3 ports``, ``no ports``."""
    return f"{number or 'no'} {singular if number == 1 else plural or singular + 's'}"


def listed(items: Sequence[str], most: int = 8, *, last: str = "and") -> str:
    """``a, b and c``; beyond `most`, how many more there are."""
    if len(items) > most:
        return f"{', '.join(items[:most])} and {len(items) - most} more"
    return f"{', '.join(items[:-1])} {last} {items[-1]}" if len(items) > 1 else "".join(items)


def percent(part: float) -> str:
    """A fraction in per cent; never 0% or 100% where it is not."""
    return "less than 1%" if 0 < part < 0.01 else "more than 99%" if 0.99 < part < 1 else f"{part:.0%}"


def milliseconds(value: float) -> str:
    return f"{value / 1000:.3g} s" if value >= 1000 else f"{value:.3g} ms"


def duration(seconds: float) -> str:
    if seconds >= 60:
        return f"{int(seconds) // 60} min {int(seconds) % 60} s"
    return milliseconds(seconds * 1000)


def lasting(seconds: float) -> str:
    """How long, in the two largest units: ``3 d 4 h``, ``12 min``, ``40 s``."""
    rest, parts = max(0, round(seconds)), []
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60), ("s", 1)):
        number, rest = divmod(rest, length)
        if number:
            parts.append(f"{number} {unit}")
        elif parts:
            break
    return " ".join(parts[:2]) or "0 s"


def day(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d}"


def place(target: Endpoint | str, *, port: bool = True) -> str:
    """The target as the user wrote it, with its port."""
    if isinstance(target, str):
        return as_text(target, 255)
    host = as_text(target.host, 255)
    if not port or target.port is None:
        return host
    return host_port(host, target.port)


def named(text: str) -> str:
    """A name that somebody else has chosen; in quotation marks where it could be mistaken for words of the sentence."""
    shown = as_text(text, _NAME_LIMIT).replace("“", "'").replace("”", "'")
    return shown if _PLAIN.fullmatch(shown) else quoted(shown)


def quoted(text: str, limit: int = 100) -> str:
    """What a peer says, in quotation marks that it cannot close."""
    return f"“{as_text(text, limit).replace('“', chr(39)).replace('”', chr(39))}”"


def shortened(text: str, most: int) -> str:
    """One line of at most `most` characters, cut between the items of a list where there is one, else between words."""
    shown = as_text(text, 8000)
    if len(shown) <= most:
        return shown
    cut = shown[: most - 2]
    for separator in ("; ", ", ", " "):
        if (end := cut.rfind(separator)) > most // 3:
            return f"{cut[:end]}{separator.rstrip()} …"
    return f"{cut}…"


def sentence_end(text: str) -> str:
    return text if text.endswith((".", "!", "?", "…")) else f"{text}."


def inside(text: str) -> str:
    """A sentence after a colon: its first word small, unless that is a name."""
    first = text.split(" ", 1)[0]
    return text[0].lower() + text[1:] if first in ("The", "Port", "No", "Whether", "Which", "What", "Here") else text
