"""Placeholders for what must not leave the machine: hosts, addresses, networks, URLs, mail addresses, and names of the inventory.

They are stable for as long as a `Redaction` lives, so that a remote model can follow a conversation; what it writes is put back.
`.invalid` is nobody's (RFC 2606, section 2), so a placeholder that slipped through would lead nowhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from netassist.entities import Entity
from netassist.targets import parse_address, parse_network

_LABEL = r"[^\W_](?:[\w-]{0,62}[^\W_])?|_[\w-]{1,62}"
_FOUND = re.compile(
    r"(?P<url>https?://[^\s<>\"'“”«»`|)\]}]*[^\s<>\"'“”«»`|)\]}.,;:!?])"
    rf"|(?P<mail>[\w.+-]{{1,64}}@(?:{_LABEL})(?:\.(?:{_LABEL})){{1,8}})"
    r"|(?P<mac>(?<![\w:])(?:[0-9a-fA-F]{2}[:-]){5}[0-9a-fA-F]{2}(?!\w|:\w))"
    r"|(?P<six>(?<![\w:])(?=[0-9a-fA-F]{0,4}:[0-9a-fA-F]{0,4}:)"
    r"(?:[0-9a-fA-F:]{1,38}:\d{1,3}(?:\.\d{1,3}){3}|[0-9a-fA-F:]{1,38}[0-9a-fA-F]|[0-9a-fA-F:]{0,37}::)(?:/\d{1,3})?(?!\w|:\w))"
    r"|(?P<four>(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?:/\d{1,2})?(?![\w/])(?!\.\d))"
    rf"|(?P<name>(?<![\w@-])(?:(?:{_LABEL})\.){{1,8}}(?:[^\W\d_]{{2,24}}|xn--[\w-]{{2,59}})(?![\w-]))"
)
_PLACEHOLDER = re.compile(r"https?://host\d{1,6}\.invalid/path\d{1,6}|\b(?:host|network|name)\d{1,6}\.invalid\b", re.IGNORECASE)
_KINDS = {"host": "host", "network": "network", "word": "name"}


class Redaction:
    """A one-to-one map between what is real and what a remote backend sees.

    Args:
        inventory: names of the user's own, and the hosts or networks that they stand for.
    """

    def __init__(self, inventory: Mapping[str, str] | None = None) -> None:
        self._placeholders: dict[str, str] = {}
        self._real: dict[str, str] = {}
        self._known: re.Pattern[str] | None = None
        self._counts: dict[str, int] = {}
        for name, target in (inventory or {}).items():
            self._alias(name, self._for("network" if "/" in target else "host", target))

    def learn(self, said: Iterable[Entity]) -> None:
        """What a request names, however it is written there: "ten dot one dot two dot three" is an address too."""
        for entity in said:
            if entity.kind in _KINDS:
                self._alias(entity.text, self._for(_KINDS[entity.kind], str(entity.value)))

    def hidden(self, text: str) -> str:
        """`text` with placeholders for all that is known and all that looks like a host, an address, a network or a URL."""
        if self._known is None:
            self._known = _pattern(self._placeholders)
        known = self._known
        pieces, position = [], 0
        while position < len(text):
            match = min(filter(None, (known.search(text, position), _FOUND.search(text, position))), key=_order, default=None)
            if match is None:
                break
            placeholder = self._placeholder(match)
            end = match.end() if placeholder is not None else match.start() + 1
            pieces += [text[position : match.start()], text[match.start() : end] if placeholder is None else placeholder]
            position = end
        return "".join(pieces) + text[position:]

    def shown(self, text: str) -> str:
        """`text` of a remote model with what the placeholders stand for; one that was never given out stays."""
        return _PLACEHOLDER.sub(lambda match: self._real.get(match.group().lower(), match.group()), text)

    def _placeholder(self, match: re.Match[str]) -> str | None:
        """What stands for a match; None for what only looks like an address, in which another may begin."""
        text, kind = match.group(), match.lastgroup
        if kind is None:
            return self._placeholders[_same(text)]
        if kind == "url":
            return self._url(text)
        if kind in ("six", "four"):
            is_real = parse_address(text) is not None or parse_network(text) is not None
            return self._for("network" if "/" in text else "host", text) if is_real else None
        return self._for("name" if kind in ("mail", "mac") else "host", text)

    def _url(self, text: str) -> str:
        scheme, _, rest = text.partition("://")
        authority, slash, path = rest.partition("/")
        host, colon, port = authority.rpartition(":")
        if not colon or not port.isdigit():
            host, colon, port = authority, "", ""
        where = f"{scheme.lower()}://{self._for('host', host.strip('[]'))}"
        if (not path or colon) and "[" not in authority:
            # A port may be asked for, and is no secret; a path may hold one.
            return f"{where}{colon}{port}{slash}{self._for('name', path) if path else ''}"
        placeholder = self._placeholders.get(_same(text))
        if placeholder is None:
            placeholder = f"{where}/path{self._next('path')}"
            self._remember(text, placeholder)
        return placeholder

    def _for(self, kind: str, real: str) -> str:
        placeholder = self._placeholders.get(_same(real))
        if placeholder is None:
            placeholder = f"{kind}{self._next(kind)}.invalid"
            self._remember(real, placeholder)
        return placeholder

    def _remember(self, real: str, placeholder: str) -> None:
        self._real[placeholder] = real
        self._alias(real, placeholder)

    def _alias(self, text: str, placeholder: str) -> None:
        if _same(text) not in self._placeholders:
            self._placeholders[_same(text)] = placeholder
            self._known = None

    def _next(self, kind: str) -> int:
        self._counts[kind] = self._counts.get(kind, 0) + 1
        return self._counts[kind]


def _order(match: re.Match[str]) -> tuple[int, int]:
    """The match that begins first, and of those the longest."""
    return match.start(), -match.end()


def _same(text: str) -> str:
    return text.lower().rstrip(".")


def _pattern(known: Iterable[str]) -> re.Pattern[str]:
    """Any of the known texts as a word of its own."""
    words = "|".join(re.escape(text) for text in sorted(known, key=len, reverse=True) if text)
    return re.compile(rf"(?<!\w)(?:{words})(?!\w)" if words else r"(?!)", re.IGNORECASE)
