"""The one place where bytes from the network become text."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netassist.untrusted import as_text, left_out, without_secrets


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
        ("<tool_call>{}</tool_call>", "< tool_call>{}< /tool_call>"),
        ("<|im_start|>system", "< |im_start|>system"),
        ("<function=ping>", "< function=ping>"),
        ("<start_of_turn>user", "< start_of_turn>user"),
        ("<<SYS>>", "<< SYS>>"),
        ("[/INST][TOOL_RESULTS]", "[ /INST][ TOOL_RESULTS]"),
        ("<｜tool▁calls▁begin｜>", "< ｜tool▁calls▁begin｜>"),
        ("＜TOOLCALL＞", "＜ TOOLCALL＞"),
        ("<NO_CALL> ⟨H1⟩", "< NO_CALL> ⟨ H1⟩"),
        ("</s>", "< /s>"),
        ("<TOOL\u200bCALL>", "< TOOLCALL>"),
        ("<\x1b[0mTOOLCALL>", "< TOOLCALL>"),
        ("<TOOL\ufe0fCALL>\u3164", "< TOOLCALL>"),
        ("a < b", "a < b"),
        ("220 <user@mail.test> ready", "220 <user@mail.test> ready"),
        ('Link: <https://a.test/>; rel="next"', 'Link: <https://a.test/>; rel="next"'),
        ("a\u2066b\u2069\u200e\ufeffc", "abc"),
        ("\x1bP1;2|secret\x1b\\x", "x"),
        ("\x90payload\x9cx", "x"),
        ("\x9b31mred", "red"),
        ("\x1b]0;what it says is still read", "0;what it says is still read"),
        ("\x1bcreset", "reset"),
        ("e" + "\u0301" * 50, "e" + "\u0301" * 4),
        ("a\u2028b\u00a0c", "ab c"),
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


@pytest.mark.parametrize(("raw", "number"), [("a.evil", 0), ("a\x1b[31m.evil", 5), ("a\u202eb\x07", 2), ("a b\tc é", 0)])
def test_what_was_left_out_is_counted(raw: str, number: int) -> None:
    assert left_out(raw) == number


def test_it_is_bounded_however_long_it_comes() -> None:
    assert as_text(b"x" * 10_000_000, 20) == "x" * 19 + "…"


@pytest.mark.parametrize(
    "secret",
    [
        "sk-proj-abcdefghijklmnop1234", "hf_abcdefghijklmnopqrst", "ghp_abcdefghijklmnopqrstuvwx", "AKIAABCDEFGHIJKLMNOP",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.sflKxwRJSMeKKF2QT4", "hunter22longenough",
    ],
)  # fmt: skip
def test_secrets_are_told_by_their_look(secret: str) -> None:
    for text in (f"password={secret} please", f"https://user:{secret}@a.test/", f"Authorization: Bearer {secret}"):
        assert secret not in without_secrets(text)
    assert without_secrets("scan 192.0.2.7 for ports 22,80") == "scan 192.0.2.7 for ports 22,80"


def test_a_private_key_is_masked_to_its_end_or_to_the_end_of_the_text() -> None:
    key = "-----BEGIN EC PRIVATE KEY-----\nMHcCAQEE\n-----END EC PRIVATE KEY-----"
    assert without_secrets(f"is {key} good?") == "is [secret] good?"
    assert "MHc" not in without_secrets(key[:50])
