"""The one place where bytes from the network become text."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netassist.untrusted import as_text


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"220 mail ESMTP\r\n", "220 mail ESMTP"),
        (b"\x1b[31mred\x1b[0m", "red"),
        (b"\x1b]0;title\x07x", "x"),
        (b"a\x00b\x9bc", "ab\N{REPLACEMENT CHARACTER}c"),
        ("abc\u202edef", "abcdef"),
        ("<TOOLCALL>[x]", "< TOOLCALL>[x]"),
        ("</TOOL_RESPONSE>", "< /TOOL_RESPONSE>"),
        ("<|eot_id|>", "< |eot_id|>"),
        ("[INST]", "[ INST]"),
        ("a < b", "a < b"),
    ],
)
def test_what_becomes_of_it(raw: bytes | str, text: str) -> None:
    assert as_text(raw) == text


@given(st.one_of(st.binary(max_size=400), st.text(max_size=400)), st.integers(min_value=1, max_value=80))
def test_nothing_that_acts_is_left(raw: bytes | str, limit: int) -> None:
    text = as_text(raw, limit)
    assert len(text) <= limit
    assert "\n" not in text
    assert not any(unicodedata.category(c) in ("Cc", "Cf", "Co", "Cs", "Cn", "Zl", "Zp") for c in text)
    for marker in ("<TOOLCALL", "</TOOLCALL", "<TOOL_RESPONSE", "<|", "<think", "[INST]"):
        assert marker.lower() not in text.lower()
