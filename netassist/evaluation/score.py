"""What an evaluation came to, by category."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from statistics import median
from typing import NamedTuple, TypedDict

import msgspec

from netassist.evaluation.record import Answered


class Category(msgspec.Struct, frozen=True):
    """`right` of `answered`, of the `cases` that there are; `accuracy` is None where none has been answered."""

    name: str
    cases: int
    answered: int
    right: int
    accuracy: float | None


class Miss(msgspec.Struct, frozen=True):
    """A case that was answered wrongly, and why."""

    id: str
    category: str
    why: str


class Evaluation(msgspec.Struct, frozen=True, kw_only=True, tag_field="schema"):
    """How well `model` did, perhaps `thinking` aloud first.

    `failed` counts the answers that the model could not give (they count as wrong). `accuracy` is over what was answered: the
    benchmark's figure only where `complete`. `median_s` and `p95_s` are seconds an answer.
    """

    model: str
    thinking: bool
    complete: bool
    cases: int
    answered: int
    right: int
    failed: int
    accuracy: float | None
    by_category: tuple[Category, ...]
    median_s: float | None
    p95_s: float | None
    misses: tuple[Miss, ...] = ()


class NetBench(Evaluation, frozen=True, kw_only=True, tag="netassist/evaluation/netbench/1"):
    """NetBench: a case is right where every turn of it is."""


class BfclLive(Evaluation, frozen=True, kw_only=True, tag="netassist/evaluation/bfcl_live/1"):
    """BFCL's live categories.

    `live_v2` is the share of right answers over all six categories, each weighted by its cases, as BFCL V2 and V3 count.
    `live_v4` leaves irrelevance and relevance out, as V4 does, which scores them apart. Each is None until all its categories are
    there and wholly answered.
    """

    live_v2: float | None
    live_v4: float | None


class Judged(NamedTuple):
    """A case, and why its answer is wrong; None where it is right."""

    id: str
    category: str
    fault: str | None


class Common(TypedDict):
    """The fields that every evaluation has."""

    model: str
    thinking: bool
    complete: bool
    cases: int
    answered: int
    right: int
    failed: int
    accuracy: float | None
    by_category: tuple[Category, ...]
    median_s: float | None
    p95_s: float | None
    misses: tuple[Miss, ...]


def common(
    model: str, cases: Mapping[str, int], judged: Sequence[Judged], answers: Sequence[Answered], most_misses: int
) -> Common:
    """Count by category.

    Args:
        cases: how many each category has, in the order in which they are to be shown.
        answers: one for each of the `judged`.
        most_misses: how many of the wrong ones are told.
    """
    wrong = [Miss(one.id, one.category, one.fault) for one in judged if one.fault is not None]
    median_s, p95_s = pace(answers)
    return Common(
        model=model,
        thinking=any(answer.thinking for answer in answers),
        complete=len(judged) == sum(cases.values()),
        cases=sum(cases.values()),
        answered=len(judged),
        right=len(judged) - len(wrong),
        failed=sum(answer.error is not None for answer in answers),
        accuracy=(len(judged) - len(wrong)) / len(judged) if judged else None,
        by_category=tuple(_category(name, cases[name], [one for one in judged if one.category == name]) for name in cases),
        median_s=median_s,
        p95_s=p95_s,
        misses=tuple(wrong[:most_misses]),
    )


def _category(name: str, cases: int, judged: Sequence[Judged]) -> Category:
    right = sum(one.fault is None for one in judged)
    return Category(name, cases, len(judged), right, right / len(judged) if judged else None)


def weighted(categories: Iterable[Category], wanted: Sequence[str]) -> float | None:
    """Right answers over the `wanted` categories together; None where one is missing or not wholly answered."""
    known = {category.name: category for category in categories}
    chosen = [known[name] for name in wanted if name in known and known[name].answered == known[name].cases]
    if len(chosen) < len(wanted) or not sum(category.cases for category in chosen):
        return None
    return sum(category.right for category in chosen) / sum(category.cases for category in chosen)


def pace(answers: Iterable[Answered]) -> tuple[float | None, float | None]:
    """Median and 95th percentile (nearest rank) of the seconds an answer took; None where none was timed."""
    times = sorted(answer.seconds for answer in answers if answer.seconds is not None)
    if not times:
        return None, None
    return round(median(times), 4), round(times[-(-len(times) * 95 // 100) - 1], 4)
