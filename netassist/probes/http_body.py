"""A body as it was meant: decompressed within bounds, whatever it would blow up to."""

from __future__ import annotations

import zlib
from typing import NamedTuple

DECODED_LIMIT = 262144
"""Bytes that are kept of a body; enough for the head of any page."""
ENCODINGS = "gzip, deflate"


class Decoded(NamedTuple):
    """`data` is what came of it within the limit; None where its encoding is none of ours. `more` says that there was more."""

    data: bytes | None
    more: bool


def decoded(body: bytes, encoding: str, limit: int = DECODED_LIMIT) -> Decoded:
    """A body by its Content-Encoding (RFC 9110, section 8.4); one that is cut short or malformed gives what came before."""
    encoding = encoding.strip().lower()
    if encoding in ("", "identity"):
        return Decoded(body[:limit], len(body) > limit)
    if encoding in ("gzip", "x-gzip"):
        return _inflated(body, (zlib.MAX_WBITS | 16,), limit)
    if encoding == "deflate":
        # Zlib's format by RFC 9110; many send the bare stream.
        return _inflated(body, (zlib.MAX_WBITS, -zlib.MAX_WBITS), limit)
    return Decoded(None, True)


def _inflated(body: bytes, formats: tuple[int, ...], limit: int) -> Decoded:
    for form in formats:
        inflater = zlib.decompressobj(form)
        try:
            data = inflater.decompress(body, limit)
        except zlib.error:
            continue
        return Decoded(data, bool(inflater.unconsumed_tail) or not inflater.eof)
    return Decoded(b"", True)
