"""Severities and grades: of the finding, and of the server, that they are said of."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from netassist.assistant.checking.facts import Fact
from netassist.assistant.checking.observed import Source
from netassist.assistant.checking.statement import Statement
from netassist.assistant.checking.words import SEVERITY, severity_of

_RATED = re.compile(
    rf"(?:[\[(](?:[^()\[\]]{{0,40}}, )?|^\W{{0,8}})(?P<mark>{SEVERITY})(?:\s(?:severity|risk))?[*_`]{{0,3}}\s?(?:[\])]|[:–—-])"
    rf"|\b(?:rated|severity|which (?:is|are)|worst|ranked|classed(?: as)?|considered|Schweregrad|gravité)[\s:=*_`]{{1,6}}(?:is |as |of )?[*_`]{{0,3}}(?P<said>{SEVERITY})\b(?!\s?[:=]?\s?\d)"
    rf"|\b(?P<before>{SEVERITY})[- ](?:severity|risk)\b",
    re.IGNORECASE,
)
_GRADE = re.compile(
    r"\b(?i:(?:grade[ds]?|rated|rating|score[ds]?|gets?|receives?|earns?|is an?|bewertung|erhält|obtient|bekommt|mit)[\s:=*_`]{1,5}(?:with |as )?"
    r"(?:an? |is |of |die |der |la |une? |eine )?(?:grade |rating |note )?(?:of )?|(?:grade|note|rating) (?:is |ist |est )?)"
    r"[*_`\"“]{0,3}(?P<letter>A\+|A-|[A-FTM])(?![\w+'’]|-\w|\s(?:record|and AAAA))[*_`\"”]{0,3}"
)
_WORD = re.compile(rf"\b(?:{SEVERITY})\b", re.IGNORECASE)
_OVERALL = re.compile(r"\b(?:worst|highest|overall|at most|maximum)\b", re.IGNORECASE)
_COMMON = frozenset(
    ["the", "and", "for", "with", "that", "this", "not", "are", "is", "was", "its", "has", "have", "from", "into", "over", "can", "may", "any", "all", "only", "still", "even", "which", "where", "their", "they", "accepted", "accept", "accepts", "server", "client", "clients", "key", "port", "missing", "does", "say", "who"]
)  # fmt: skip
_SYNONYMS = {
    "hsts": "strict-transport-security",
    "csp": "content-security-policy",
    "poodle": "ssl",
    "sweet32": "64",
    "expired": "expire",
}


def judge_ratings(told: Statement) -> Iterator[Fact]:
    """Severities beside what they are said of, and letters of a grade."""
    for match in _RATED.finditer(told.text):
        group = next(name for name in ("mark", "said", "before") if match[name])
        yield from _severity(told, match.start(group), match.end(group), match[group])
    yield from _in_column(told)
    for match in _GRADE.finditer(told.text):
        yield from _grade(told, match.start("letter") + told.start, match.end("letter") + told.start)
    for cell in told.passage.cells[1:]:
        words = told.whole[cell.start : cell.end].strip(" *_`")
        if re.search(r"\b(?:grade|note|rating)\b", cell.label) and re.fullmatch(r"A\+|A-|[A-FTM]", words):
            start = told.whole.index(words, cell.start)
            yield from _grade(told, start, start + len(words))


def _in_column(told: Statement) -> Iterator[Fact]:
    if any(re.fullmatch(r"[\s*_`]*\d+[\s*_`]*", told.whole[cell.start : cell.end]) for cell in told.passage.cells[1:2]):
        return  # how many there are of each
    for cell in told.passage.cells:
        words = told.whole[cell.start : cell.end].strip(" *_`")
        if re.search(r"\b(?:severity|schweregrad|gravité|risk)\b", cell.label) and re.fullmatch(SEVERITY, words, re.IGNORECASE):
            start = told.whole.index(words, cell.start) - told.start
            yield from _severity(told, start, start + len(words), words)


def _severity(told: Statement, start: int, end: int, word: str) -> Iterator[Fact]:
    said = severity_of(word)
    at, until = start + told.start, end + told.start
    about = told.sources(at)
    findings = [(source, finding) for source in about for finding in source.findings]
    if not findings:
        if told.passage.mood == "says":
            yield told.fact("severity", at, until, "unsupported")
        return
    if _OVERALL.search(told.text[max(0, start - 30) : start]):
        order = ("critical", "high", "medium", "low", "info")
        worst = min((str(finding["severity"]) for _, finding in findings), key=order.index)
        right = worst == said
        yield told.fact("severity", at, until, "supported" if right else "contradicted", None if right else worst)
        return
    meant = _meant(told, start, end, findings)
    if any(finding["severity"] == said for _, finding in meant):
        source, finding = next(held for held in meant if held[1]["severity"] == said)
        yield told.fact("severity", at, until, "supported", where=source.where(f"findings {finding['id']}"))
    elif meant:
        source, finding = meant[0]
        yield told.fact(
            "severity", at, until, "contradicted", str(finding["severity"]), source.where(f"findings {finding['id']}")
        )
    elif told.passage.mood == "says":
        yield told.fact("severity", at, until, "unsupported")


def _meant(told: Statement, start: int, end: int, findings: Sequence[tuple[Source, Any]]) -> list[tuple[Source, Any]]:
    """The findings that a severity is said of: by the words on its side of the other severities, else by those of the passage."""
    others = [match.span() for match in _WORD.finditer(told.text)]
    left = max((last for _, last in others if last <= start), default=0)
    right = min((first for first, _ in others if first >= end), default=len(told.text))
    leads = not told.text[left:start].strip(" *_`[(.:,;–—-0123456789") or re.match(r"[- ](?:severity|risk)", told.text[end:])
    near = told.text[end:right] if leads else told.text[left:start]
    whole = f"{told.text} {told.before}" if len(_stems(told.text)) < 3 else told.text
    for text in (near, whole):
        if best := _best(text, findings, ("title", "id")) or _best(text, findings, ("evidence", "detail")):
            return best
    return []


def _best(text: str, findings: Sequence[tuple[Source, Any]], fields: tuple[str, str]) -> list[tuple[Source, Any]]:
    """Those whose fields share most words with a text, none where none shares any."""
    said = _stems(text)
    scored = [(len(said & _stems(" ".join(str(held[1][field]) for field in fields))), held) for held in findings]
    best = max((score for score, _ in scored), default=0)
    return [held for score, held in scored if score == best] if best else []


def _stems(text: str) -> frozenset[str]:
    words = re.findall(
        r"[a-zà-ÿ0-9]{2,}", text.lower().replace("ssl 3.0", "sslv3").replace("tls 1.", "tls1").replace("tlsv1.", "tls1")
    )
    more = [part for word in words if word in _SYNONYMS for part in _SYNONYMS[word].split("-")]
    return frozenset(word[:6] for word in (*words, *more) if word not in _COMMON and word not in ("http", "tls"))


def _grade(told: Statement, start: int, end: int) -> Iterator[Fact]:
    if told.passage.mood == "advises":
        return
    letter = told.whole[start:end]
    held = [source for source in told.sources(start) if source.data.get("grade")]
    if not held:
        yield told.fact("grade", start, end, "unsupported")
        return
    grades = {str(source.data["grade"]["letter"]) for source in held}
    capped = (
        {str(cap["letter"]) for source in held for cap in source.data["grade"].get("caps", ())} if "cap" in told.text else set()
    )
    ignored = {source.data["grade"].get("trust_ignored") for source in held} if "trust" in told.text else set()
    if letter in grades | capped | ignored:
        yield told.fact("grade", start, end, "supported", where=held[0].where("grade.letter"))
    else:
        yield told.fact(
            "grade", start, end, "contradicted", next(iter(grades)) if len(grades) == 1 else None, held[0].where("grade.letter")
        )
