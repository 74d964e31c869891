"""Dates and lengths of time: when a certificate begins and ends, how many days that is from the day of the measurement."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import NamedTuple, cast

from netassist.assistant.checking.facts import Fact
from netassist.assistant.checking.mentions import Mention
from netassist.assistant.checking.observed import Data, Source
from netassist.assistant.checking.spelling import unit_of
from netassist.assistant.checking.statement import Statement

_ENDS = re.compile(
    r"\b(?:expir\w*|until|till|through|not[ _]after|ends?|ended|runs? out|valid to|läuft|abgelaufen\w*|gültig bis|bis|jusqu\w*|"
    r"renew\w* by|ablauf\w*)\b", re.IGNORECASE,
)  # fmt: skip
_BEGINS = re.compile(
    r"\b(?:issued|valid from|from|since|not[ _]before|begins?|starts?|ausgestellt|gültig ab|ab|seit|émis\w*|depuis|du)\b",
    re.IGNORECASE,
)
_LEFT = re.compile(
    r"\b(?:left|remain\w*|in|until|noch|übrig|restants?|dans|expir\w*|runs? out|läuft|ago|vor|il y a|since|seit)\b", re.IGNORECASE
)
_EXPIRED = re.compile(r"[^,;.]{0,6}\b(?:abgelaufen|expir\w+)\b", re.IGNORECASE)
_TO = re.compile(r"[\s*_`]{0,4}(?:to|until|till|through|–|—|-|bis|au|jusqu'au)[\s*_`]{0,4}", re.IGNORECASE)
_AGO = re.compile(r"\s?(?:ago|overdue|past)\b", re.IGNORECASE)
_WHOLE = re.compile(r"\b(?:validity|valid for|lifetime|period|gültig für|laufzeit|durée)\b", re.IGNORECASE)


class Term(NamedTuple):
    """The time of a certificate, and how many days were left when it was read; `own`: the server's, first of its chain."""

    begins: date
    ends: date
    left: int
    own: bool
    where: str


def judge_dates(told: Statement) -> Iterator[Fact]:
    """Dates by what is told of them; days left and days gone."""
    for mention in told.mentions:
        if mention.kind == "date":
            yield from _date(told, mention)
        elif mention.kind == "days" or (
            mention.kind == "whole" and re.search(r"\b(?:days|tage|jours)\b", told.passage.label(mention.start))
        ):
            yield from _days(told, mention)


def _date(told: Statement, mention: Mention) -> Iterator[Fact]:
    days = str(mention.value).split("|")
    about = told.sources(mention.start)
    cue = _cue(told, mention)
    terms = list(_terms(about))
    if terms and cue:
        held = [(term.ends if cue == "ends" else term.begins, term) for term in terms]
        path = next((term.where for day, term in held if any(day.isoformat().startswith(said) for said in days)), None)
        if path:
            field = "not_after" if cue == "ends" else "not_before"
            yield told.fact("date", mention.start, mention.end, "supported", where=f"{path}.{field}")
            return
        if told.passage.mood == "says" and not _place(about, days, but=("chain", "started", "checked_at")):
            yield told.fact("date", mention.start, mention.end, "contradicted", held[0][0].isoformat(), held[0][1].where)
            return
    if path := _place(about, days):
        yield told.fact("date", mention.start, mention.end, "supported", where=path)
    elif any(("date", said) in told.observed.requested for said in days):
        yield told.fact("date", mention.start, mention.end, "supported")
    elif told.passage.mood != "advises":
        yield told.fact("date", mention.start, mention.end, "unsupported")


def _cue(told: Statement, mention: Mention) -> str | None:
    """Whether a date is told as an end or as a beginning: by its heading, or the last word for either before it."""
    before = (
        f"{told.passage.label(mention.start)} "
        if told.passage.cells
        else told.whole[max(told.start, mention.start - 90) : mention.start]
    )
    found = [(match.start(), "ends") for match in _ENDS.finditer(before)]
    found += [
        (match.start(), "begins")
        for match in _BEGINS.finditer(before)
        if match.group().lower() != "from" or "valid" in before.lower()
    ]
    if told.passage.cells:
        return max(found)[1] if found else None
    if _EXPIRED.match(told.whole, mention.end) or (
        _EXPIRED.search(before) and re.search(r"\b(?:since|seit|depuis)\b[^,;.]*$", before)
    ):
        return "ends"
    days = [other for other in told.mentions if other.kind == "date"]
    place = days.index(mention)
    if place and _TO.fullmatch(told.whole, days[place - 1].end, mention.start):
        return "ends"
    if place + 1 < len(days) and _TO.fullmatch(told.whole, mention.end, days[place + 1].start):
        return "begins"
    return max(found)[1] if found else None


def _place(about: list[Source], days: list[str], but: tuple[str, ...] = ("\0",)) -> str | None:
    for source in about:
        for day, path in source.days:
            if day.startswith(tuple(days)) and not path.startswith(but):
                return source.where(path)
    return None


def _terms(about: list[Source]) -> Iterator[Term]:
    """The server's own certificates first."""
    held = [term for source in about if source.data.get("chain") for term in _of(source)]
    yield from (term for term in held if term.own)
    yield from (term for term in held if not term.own)


def _of(source: Source) -> list[Term]:
    if "terms" not in source.memo:
        read = date.fromisoformat(str(source.data["started"])[:10])
        source.memo["terms"] = [_term(source, place, held, read) for place, held in enumerate(source.data["chain"])]
    return cast("list[Term]", source.memo["terms"])


def _term(source: Source, place: int, held: Data, read: date) -> Term:
    begins, ends = (date.fromisoformat(str(held[key])[:10]) for key in ("not_before", "not_after"))
    left = source.data.get("days_left") if place == 0 else None
    return Term(begins, ends, (ends - read).days if left is None else int(left), place == 0, source.where(f"chain[{place}]"))


def _between_dates(about: list[Source], said: float, allowed: float) -> bool:
    """Whether so many days lie between a date of a report and the day when it was made."""
    for source in about:
        begun = str(source.data.get("started") or "")[:10]
        for value, _ in source.days if begun else ():
            if len(value) == 10:
                distance = (date.fromisoformat(value) - date.fromisoformat(begun)).days
                if abs(abs(distance) - abs(said)) <= allowed:
                    return True
    return False


def _days(told: Statement, mention: Mention) -> Iterator[Fact]:
    about = told.sources(mention.start)
    terms = list(_terms(about))
    said, shown = float(mention.value), told.whole[mention.start : mention.end]
    unit = unit_of(shown) if mention.kind == "days" else 1.0
    around = f"{told.passage.label(mention.start)} {told.whole[max(told.start, mention.start - 60) : mention.end + 24]}"
    allowed = 1.0 if unit == 1.0 else unit
    if told.passage.mood == "advises":
        return
    if not terms:
        if any(leaf.value == said for source in about for leaf in source.figures) or _between_dates(about, said, allowed):
            yield told.fact("days", mention.start, mention.end, "supported")
        elif _LEFT.search(around) or _WHOLE.search(around):
            yield told.fact("days", mention.start, mention.end, "unsupported")
        return
    for term in terms:
        measured = [term.left, -term.left if term.left < 0 else term.left]
        if mention.kind == "whole":
            measured = measured[:1]
        of_all = re.search(r"\b(?:of|von|sur)\s\W{0,3}$", told.whole[max(told.start, mention.start - 8) : mention.start])
        if of_all or not _LEFT.search(around) or _WHOLE.search(around):
            measured.append((term.ends - term.begins).days)
        if _AGO.match(told.whole, mention.end) and term.left >= 0:
            read_ago = (term.ends - term.begins).days - term.left
            measured = [read_ago]
        if any(abs(said - value) <= allowed for value in measured):
            yield told.fact("days", mention.start, mention.end, "supported", where=f"{term.where} days_left")
            return
    left = terms[0].left
    figure = str(left) if said < 0 or mention.kind == "whole" else str(abs(left))
    unit_word = (
        re.sub(r"^[-−]?\w+", "", shown) if unit == 1.0 and mention.kind == "days" else "" if mention.kind == "whole" else " days"
    )
    yield told.fact("days", mention.start, mention.end, "contradicted", f"{figure}{unit_word}", terms[0].where)
