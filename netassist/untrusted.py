"""The one place where bytes from the network become text.

Banners, certificates, pages and records are data. What leaves this module holds no control characters, no terminal
escapes, no direction overrides, and no marker of a prompt protocol that a model would take for one.
"""

from __future__ import annotations

import re
import unicodedata

# Markers of the prompt protocols in prompts/: broken up by a zero-width-free separator, so that a person still reads them.
_MARKERS = re.compile(
    r"<(?=/?(?:TOOLCALL|TOOL_RESPONSE|AVAILABLE_TOOLS|think|\|))|<\|(?=\w)|\[(?=/?(?:INST|TOOL_CALLS|AVAILABLE_TOOLS)\])",
    re.IGNORECASE,
)
_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-_])")
_FORBIDDEN = {"Cc", "Cf", "Co", "Cs", "Cn", "Zl", "Zp"}


def as_text(raw: bytes | str, limit: int = 1000) -> str:
    """Readable text out of hostile bytes: one line, at most `limit` characters, an ellipsis where it was cut."""
    text = raw[: limit * 4 + 64].decode("utf-8", "replace") if isinstance(raw, bytes) else raw[: limit * 4 + 64]
    text = _ESCAPES.sub("", text)
    text = "".join(" " if c in "\r\n\t" else c for c in text if c in "\r\n\t" or unicodedata.category(c) not in _FORBIDDEN)
    text = _MARKERS.sub(lambda match: match.group()[0] + " " + match.group()[1:], text).strip()
    return text if len(text) <= limit else text[: limit - 1] + "…"
