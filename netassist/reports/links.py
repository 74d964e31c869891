"""Which references may become links."""

from __future__ import annotations

import re

# RFC 3986's characters but quotation marks, brackets and parentheses, which end a link in one of the formats.
_LINK = re.compile(r"https?://[A-Za-z0-9.-]+(?::\d{1,5})?(?:/[\w.~%!$&*+,;=:@/?#-]*)?", re.ASCII)


def is_link(text: str) -> bool:
    """Whether it is an http or https URL without user information, of characters that need no escape in HTML or Markdown."""
    return len(text) <= 2000 and _LINK.fullmatch(text) is not None
