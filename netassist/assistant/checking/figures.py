"""Times, losses, status codes and other figures that a report holds as numbers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from netassist.assistant.checking.facts import Fact
from netassist.assistant.checking.mentions import Mention
from netassist.assistant.checking.observed import Leaf, Source
from netassist.assistant.checking.statement import Statement

_LABELS = (
    (re.compile(r"\b(?:av(?:era)?ge?|mean|mittel\w*|durchschnitt\w*|moyenne?)\b", re.IGNORECASE), "avg"),
    (re.compile(r"\b(?:min(?:imum|imal)?|fastest|best|schnellste\w*)\b", re.IGNORECASE), "min"),
    (re.compile(r"\b(?:max(?:imum|imal)?|slowest|worst|peak|langsamste\w*)\b", re.IGNORECASE), "max"),
    (re.compile(r"\b(?:std ?dev\w*|standard ?(?:deviation|abweichung)|mdev|jitter|écart)\b", re.IGNORECASE), "stddev"),
    (re.compile(r"\b(?:tls|handshake)\b", re.IGNORECASE), "tls"),
    (re.compile(r"\b(?:first[ -]byte|ttfb)\b", re.IGNORECASE), "first_byte"),
    (re.compile(r"\b(?:total|in all|insgesamt|overall)\b", re.IGNORECASE), "total"),
    (re.compile(r"\bconnect\w*\b", re.IGNORECASE), "connect"),
)
_TIMES = re.compile(r"^(?:min|avg|max|stddev|dns|connect|tls|first_byte|total|connect_ms)$|ttl$|(?:_ms|_s|rtt|_seconds)$")
_NEVER = re.compile(
    r"\b(?:above|below|under|over|less than|more than|within|unter|über|at most|at least|every|timeout|max-age)\W*$",
    re.IGNORECASE,
)
_STATUS = re.compile(
    r"(?:\bhttp(?:/\d(?:\.\d)?)?|status(?: code)?|code|answer\w*|return\w*|respon[ds]\w*|redirect\w*|antwort\w*|(?:permanent|temporary)\w*)"
    r"[^\d.;]{0,24}$", re.IGNORECASE,
)  # fmt: skip
_RECORD_FIGURE = re.compile(r"\b(?:ttl|preference|priorit\w+|pref|weight|score|port)\W{0,6}(?:of |is |von )?$", re.IGNORECASE)
_RECORD_HEAD = re.compile(r"\b(?:ttl|preference|priorit\w+|weight|score)\b", re.IGNORECASE)
_BESIDE_NAME = re.compile(r"[\w-]\.[a-z]{2,24}[*_`]{0,3}\s\([*_`]{0,3}$", re.IGNORECASE)
_LOSS = re.compile(r"\b(?:loss|lost|verlust|perte|perdu\w*|verloren)\b", re.IGNORECASE)


def judge_figures(told: Statement) -> Iterator[Fact]:
    """Every figure whose unit or label says what it measures."""
    if told.passage.mood == "advises":
        return
    durations = [mention for mention in told.mentions if mention.kind == "duration"]
    for mention in told.mentions:
        before = told.whole[max(told.start, mention.start - 40) : mention.start]
        match mention.kind:
            case "duration" if not _NEVER.search(before):
                yield _duration(told, mention, durations)
            case "percent":
                yield from _percent(told, mention)
            case "whole" if 100 <= mention.figure < 600 and (
                _STATUS.search(before) or "status" in told.passage.label(mention.start)
            ):
                yield from _status(told, mention)
            case "whole" if (
                _RECORD_FIGURE.search(before)
                or _RECORD_HEAD.search(told.passage.label(mention.start))
                or _BESIDE_NAME.search(before)
            ):
                yield from _record(told, mention)


def _duration(told: Statement, mention: Mention, durations: list[Mention]) -> Fact:
    about = told.sources(mention.start)
    times = [
        (source, leaf) for source in about for leaf in source.figures if _TIMES.search(leaf.key) and leaf.key != "duration_s"
    ]
    wanted = _label(told, mention, durations)
    labelled = [(source, leaf) for source, leaf in times if wanted and leaf.key.removesuffix("_ms") == wanted]
    for source, leaf in labelled or times:
        if _same(mention, leaf):
            return told.fact("latency", mention.start, mention.end, "supported", where=source.where(leaf.path))
    took = [(source, float(source.data.get("duration_s") or 0) * 1000) for source in about]
    if not labelled:
        for source, whole in took:
            if abs(whole - float(mention.value)) <= _off(mention):
                return told.fact("latency", mention.start, mention.end, "supported", where=source.where("duration_s"))
    if len({leaf.value for _, leaf in labelled}) == 1:
        source, leaf = labelled[0]
        unit = re.sub(r"^[\d.,]+", "", told.whole[mention.start : mention.end])
        shown = f"{float(leaf.value):g}{' ms' if unit else ''}"
        return told.fact("latency", mention.start, mention.end, "contradicted", shown, source.where(leaf.path))
    return told.fact("latency", mention.start, mention.end, "unsupported")


def _label(told: Statement, mention: Mention, durations: list[Mention]) -> str | None:
    """What the time is of: by the heading, by a list such as min/avg/max, else by the nearest word for one."""
    heading = told.passage.label(mention.start)
    order = re.search(r"\bmin\s?/\s?av(?:era)?ge?\s?/\s?max(?:\s?/\s?(\w+))?", told.text, re.IGNORECASE)
    row = [other for other in durations if abs(other.start - mention.start) < 60]
    if order and len(row) >= 3:
        place = row.index(mention)
        return ("min", "avg", "max", "stddev")[place] if place < 4 else None
    if heading:
        return next((name for pattern, name in _LABELS if pattern.search(heading)), None)
    left = max((other.end for other in durations if other.end <= mention.start), default=told.start)
    right = min((other.start for other in durations if other.start >= mention.end), default=told.end)
    before = re.split(r"[;]|, |\band\b", told.whole[max(left, mention.start - 60) : mention.start])[-1]
    after = re.split(r"[;,.)(]|\band\b", told.whole[mention.end : min(right, mention.end + 30)])[0]
    found = [(before.rfind(match.group()), name) for pattern, name in _LABELS for match in pattern.finditer(before)]
    if found:
        return max(found)[1]
    return next((name for pattern, name in _LABELS if pattern.search(after)), None)


def _off(mention: Mention) -> float:
    return 0.6 * float(10**-mention.digits)


def _same(mention: Mention, leaf: Leaf) -> bool:
    """Equal as far as was written. Times are in milliseconds but for those in seconds."""
    value = float(leaf.value) * (1000 if leaf.key.endswith(("ttl", "seconds")) or leaf.key.endswith("_s") else 1)
    return abs(value - float(mention.value)) <= max(_off(mention), 1e-9)


def _percent(told: Statement, mention: Mention) -> Iterator[Fact]:
    around = f"{told.passage.label(mention.start)} {told.whole[max(told.start, mention.start - 30) : mention.end + 20]}"
    about = told.sources(mention.start)
    losses = [(source, float(source.data["loss"]) * 100) for source in about if source.data.get("loss") is not None]
    figures = [(source, leaf) for source in about for leaf in source.figures if leaf.key in ("accuracy", "uptime")]
    if losses and (_LOSS.search(around) or not figures):
        source, loss = losses[0]
        if any(abs(value - float(mention.value)) <= 0.6 * 10**-mention.digits for _, value in losses):
            yield told.fact("count", mention.start, mention.end, "supported", where=source.where("loss"))
        else:
            yield told.fact("count", mention.start, mention.end, "contradicted", f"{loss:g}%", source.where("loss"))
    elif any(float(leaf.value) == float(mention.value) for _, leaf in figures):
        yield told.fact("count", mention.start, mention.end, "supported")
    else:
        yield told.fact("count", mention.start, mention.end, "unsupported")


def _status(told: Statement, mention: Mention) -> Iterator[Fact]:
    codes: dict[int, str] = {}
    last: tuple[int, str] | None = None
    for source in told.sources(mention.start):
        if (code := source.data.get("status_code")) is not None:
            codes[int(code)] = source.where("status_code")
            last = last or (int(code), source.where("status_code"))
            for place, hop in enumerate(source.data.get("redirects") or ()):
                codes[int(hop["status_code"])] = source.where(f"redirects[{place}]")
    code = int(mention.value)
    if code in codes:
        yield told.fact("record", mention.start, mention.end, "supported", where=codes[code])
    elif last is None:
        if re.search(r"\bhttp|\bstatus", told.text, re.IGNORECASE):
            yield told.fact("record", mention.start, mention.end, "unsupported")
    else:
        redirects = [held for held in codes.items() if 300 <= held[0] < 400]
        measured = redirects[0] if 300 <= code < 400 and redirects else last
        yield told.fact("record", mention.start, mention.end, "contradicted", str(measured[0]), measured[1])


def _record(told: Statement, mention: Mention) -> Iterator[Fact]:
    """A time to live, a preference, a score: any number of the reports about the subject, or in the text of a record."""
    about, value = told.sources(mention.start), int(mention.value)
    records = [
        (source, str(answer["data"]))
        for source in about
        for answer in (source.data.get("answers") or ())
        if answer["type"] in ("MX", "SRV")
    ]
    near = [held for held in told.mentions if held.kind == "name" and (told.passage.cells or abs(held.end - mention.start) < 40)]
    name = str(min(near, key=lambda held: abs(held.end - mention.start)).value) if near else ""
    for source, text in records:
        if name and name in text.lower() and not re.search(r"\bttl\b", told.text, re.IGNORECASE):
            right = str(value) in text.split()
            shown = None if right else text.split()[0]
            yield told.fact(
                "record", mention.start, mention.end, "supported" if right else "contradicted", shown, source.where("answers")
            )
            return
    if path := _numbered(about, value):
        yield told.fact("record", mention.start, mention.end, "supported", where=path)
    elif not _BESIDE_NAME.search(told.whole[max(told.start, mention.start - 40) : mention.start]):
        yield told.fact("record", mention.start, mention.end, "unsupported")


def _numbered(about: Iterable[Source], value: int) -> str | None:
    for source in about:
        for leaf in source.leaves:
            text = leaf.key == "data" and re.search(rf"(?<![\w.]){value}(?![\w.])", str(leaf.value))
            if (not isinstance(leaf.value, bool | str) and leaf.value == value) or text:
                return source.where(leaf.path)
    return None
