"""The one place where bytes from the network become text.

Banners, certificates, pages and records are data. What leaves this module holds no control characters, no terminal
escapes, no direction overrides, and no marker of a prompt protocol that a model would take for one.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

# Markers of the prompt protocols in prompts/, of the built-in model's notation, and of other families that a GGUF or a remote
# model may be trained on (Llama, Qwen and Hermes, Mistral, Gemma, DeepSeek, Phi): broken up by a space, so that a person still
# reads them. With the full-width forms that a normalising tokeniser takes for the same.
_TAGS = (
    "toolcall|tool_calls?|tool_response|tool_results?|available_tools|tools?|tool_code|tool_outputs?|no_call|clarify|functions?|"
    "function_calls?|think|thinking|reasoning|invoke|parameter|system|user|assistant|im_start|im_end|start_of_turn|end_of_turn|"
    "start_header_id|end_header_id|eot_id|begin_of_text|end_of_text|s|bos|eos|unk|pad|sys"
)
_WORDS = "inst|tool_calls|tool_results|tool_content|available_tools|system_prompt|args|call_id|think"
_MARKERS = re.compile(
    rf"[<＜﹤](?=[/／]?(?:[|｜]|(?:{_TAGS})(?:[\s>＞﹥=|/]|$)))|[\[［](?=[/／]?(?:{_WORDS})[\]］])|⟨(?=[^⟩]{{1,8}}⟩)",
    re.IGNORECASE,
)
# ECMA-48: control sequences; command strings (DCS, SOS, OSC, PM, APC) up to their end, and of those without an end the
# introducer alone, so that nothing hides behind it; other escapes. In their 7-bit and 8-bit forms.
_ESCAPES = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"
    r"|(?:\x1b[P\]X^_]|[\x90\x98\x9d-\x9f])(?:[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c))?"
    r"|\x1b[ -/]*[0-~]"
)
_FORBIDDEN = {"Cc", "Cf", "Co", "Cs", "Cn", "Zl", "Zp"}
# Letters and marks that are drawn as nothing (Default_Ignorable_Code_Point, outside Cf and Cn) or as a blank.
_INVISIBLE = frozenset(
    "\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0"
    + "".join(map(chr, (*range(0x180B, 0x1810), *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0))))
)
_MOST_MARKS = 4
"""Combining marks on one letter; more paint over the lines above and below."""


def as_text(raw: bytes | str, limit: int = 1000) -> str:
    """Readable text out of hostile bytes: one line, at most `limit` characters, an ellipsis where it was cut."""
    text = raw[: limit * 4 + 64].decode("utf-8", "replace") if isinstance(raw, bytes) else raw[: limit * 4 + 64]
    if not (text.isascii() and text.isprintable()):  # in what is, nothing can hide
        text = "".join(_visible(_ESCAPES.sub("", text)))
    text = _MARKERS.sub(lambda match: match.group() + " ", text).strip()
    return text if len(text) <= limit else text[: limit - 1] + "…"


def left_out(raw: str) -> int:
    """How many characters `as_text` leaves out, since a terminal would act on them or nobody would see them."""
    return len(raw) - sum(1 for _ in _visible(_ESCAPES.sub("", raw)))


def as_lines(raw: str, limit: int) -> str:
    """Like `as_text`, with its lines and their indentation kept: what a model wrote in Markdown."""
    lines = []
    for line in raw[:limit].expandtabs(4).splitlines():
        blank = len(line) - len(line.lstrip(" "))
        lines.append(" " * blank + as_text(line, limit))
    return "\n".join(lines).strip("\n").rstrip() + ("…" if len(raw) > limit else "")


def _visible(text: str) -> Iterator[str]:
    """The characters that a person sees, white space of every kind as a blank."""
    marks = 0
    for character in text:
        category = unicodedata.category(character)
        marks = marks + 1 if category in ("Mn", "Me") else 0
        if character in "\r\n\t" or category == "Zs":
            yield " "
        elif category not in _FORBIDDEN and character not in _INVISIBLE and marks <= _MOST_MARKS:
            yield character


_SECRETS = re.compile(
    r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----.*?(?:-----END [A-Z0-9 ]*PRIVATE KEY-----|\Z)"
    r"|\b(?:sk|pk|rk)-[A-Za-z0-9_-]{16,}|\bhf_[A-Za-z0-9]{16,}|\bgh[opsu]_[A-Za-z0-9]{20,}|\bAKIA[A-Z0-9]{16}\b|\bxox[abprs]-[A-Za-z0-9-]{10,}"
    r"|\beyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]*"
    r"|(?<=://)[^\s/@:]+:[^\s/@]+(?=@)"
    r"|(?i:(?<=bearer )|(?<=basic ))[A-Za-z0-9+/=._~-]{8,}"
    r"|(?i:\b(?:api[_-]?key|token|secret|password|passwd|passphrase)\b\s*[=:]\s*)(?:\"[^\"]*\"|'[^']*'|[^\s,;)]+)",
    re.DOTALL,
)


def without_secrets(text: str) -> str:
    """The text with what looks like a private key, an access key, a token or a password replaced by ``[secret]``."""
    return _SECRETS.sub("[secret]", text)
