"""What is quoted: records and banners in code spans, the issuer and the subject of a certificate, a name server's code."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from netassist.assistant.checking.facts import Fact
from netassist.assistant.checking.statement import Statement

_CODE = re.compile(r"`([^`\n]{4,600})`")
_RECORD = re.compile(r"=|^SSH-|^\d{3}[ -]")
_QUALIFIER = re.compile(r"(?<![\w~?+-])[-~?+]all\b")
_RCODE = re.compile(r"\b(?:NXDOMAIN|SERVFAIL|REFUSED|NOERROR|FORMERR|NOTIMP)\b")
_BY = re.compile(
    r"\b(?:certificate (?:is |comes )?(?:from|by)|issued by|issuer(?: is)?|signed by|ausgestellt(?: wurde es)? von|Aussteller(?: ist)?|émis par|délivré par|émetteur)[\s:*_`]{1,5}(?:the |CN=|CN = )?"
    r"(?P<name>[^,.;|()*`\n]{2,80})", re.IGNORECASE,
)  # fmt: skip
_NAME_ENDS = re.compile(r"\s(?:and|und|et|is|on|with|which|for|until|valid|ist|gültig)\b|\s[–—-]\s|[\"”]")


def judge_quotes(told: Statement) -> Iterator[Fact]:
    """Quotations stand in the observations as they are quoted."""
    if told.passage.mood == "advises":
        return
    for match in _CODE.finditer(told.text):
        if _RECORD.search(match[1]):
            start, end = match.start(1) + told.start, match.end(1) + told.start
            yield from _quoted(told, start, end, match[1])
    for match in _QUALIFIER.finditer(told.text):
        yield from _quoted(told, match.start() + told.start, match.end() + told.start, match.group())
    for match in _RCODE.finditer(told.text):
        yield from _rcode(told, match.start() + told.start, match.end() + told.start)
    for match in _BY.finditer(told.text):
        name = _NAME_ENDS.split(match["name"])[0].rstrip()
        yield from _issuer(told, match.start("name") + told.start, name)
    for cell in told.passage.cells:
        if re.search(r"\b(?:issuer|aussteller|émetteur|issued by)\b", cell.label):
            words = told.whole[cell.start : cell.end]
            name = words.strip(" *_`")
            if name:
                yield from _issuer(told, cell.start + words.index(name), name)


def _quoted(told: Statement, start: int, end: int, said: str) -> Iterator[Fact]:
    about = [source for source in told.sources(start) if source.data.get("answers") or source.data.get("banner")]
    if not about:
        return
    needle = _plain(said)
    for source in about:
        if needle in _plain(source.words):
            yield told.fact("record", start, end, "supported", where=source.where())
            return
    yield told.fact("record", start, end, "unsupported")


def _plain(text: str) -> str:
    return re.sub(r"[\s\"']+", " ", text.lower()).strip()


def _rcode(told: Statement, start: int, end: int) -> Iterator[Fact]:
    held = [source for source in told.sources(start) if source.data.get("rcode")]
    if held:
        measured = str(held[0].data["rcode"])
        right = any(source.data["rcode"] == told.whole[start:end] for source in held)
        shown = None if right else measured
        yield told.fact("record", start, end, "supported" if right else "contradicted", shown, held[0].where("rcode"))


def _issuer(told: Statement, start: int, said: str) -> Iterator[Fact]:
    """The name of the authority that signed: whole, or its CN or O alone."""
    name = re.sub(r"^\W*(?:CN|O)\s?=\s?|[*_`\"“”]", "", said).strip().lower()
    certificates = [
        (source, place, held) for source in told.sources(start) for place, held in enumerate(source.data.get("chain") or ())
    ]
    if not certificates or len(name) < 2 or name in ("a trusted", "an unknown", "itself"):
        return
    end = start + len(said)
    for source, place, held in certificates:
        issuer = str(held["issuer"]).lower()
        if name in issuer or issuer.removeprefix("cn=") in name or any(part in name for part in _parts(issuer)):
            yield told.fact("name", start, end, "supported", where=source.where(f"chain[{place}].issuer"))
            return
    shown = _common(certificates[0][2]["issuer"])
    yield told.fact("name", start, end, "contradicted", shown, certificates[0][0].where("chain[0].issuer"))


def _parts(issuer: str) -> Sequence[str]:
    return re.findall(r"(?:cn|o)=([^,]{3,})", issuer)


def _common(issuer: object) -> str:
    found = re.search(r"CN=([^,]+)", str(issuer))
    return found[1] if found else str(issuer)
