"""BFCL V2 Live: the published files, what a model is asked, and the verdict.

A folder holds ``BFCL_v4_live_simple.json`` and its like (any version's number), one case a line, and the answers of the four
categories that have some in ``possible_answer/``. Whatever text a model writes is kept, so what is judged can be judged again.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Literal, NamedTuple, get_args

import msgspec

from netassist.evaluation import ast_checker, written_calls
from netassist.evaluation.function_docs import Function, Truth
from netassist.evaluation.lines import Place, rows
from netassist.evaluation.record import Answered
from netassist.evaluation.score import BfclLive, Judged, common, weighted
from netassist.toolbox import InvalidCall
from netassist.untrusted import as_text

Category = Literal["simple", "multiple", "parallel", "parallel_multiple", "irrelevance", "relevance"]
CATEGORIES: tuple[Category, ...] = get_args(Category)
WITH_ANSWERS: tuple[Category, ...] = CATEGORIES[:4]


class Message(msgspec.Struct, frozen=True):
    role: Literal["system", "user", "assistant"]
    content: str


class _Line(msgspec.Struct, frozen=True):
    id: str
    question: Annotated[list[Annotated[list[Message], msgspec.Meta(min_length=1)]], msgspec.Meta(min_length=1, max_length=1)]
    function: list[msgspec.Raw]


class _Answer(msgspec.Struct, frozen=True):
    id: str
    ground_truth: Annotated[list[Truth], msgspec.Meta(min_length=1)]


class Case(NamedTuple):
    """`documents` are the functions as they were published, `functions` what the checker needs of them."""

    id: str
    category: Category
    messages: list[Message]
    documents: str
    functions: list[Function]
    truth: list[Truth]


class Result(Answered, frozen=True, kw_only=True):
    """What a model wrote for a case, in the fields that BFCL's own scorer reads."""

    result: str = ""


def cases(folder: Path, wanted: Collection[Category] = CATEGORIES, most: int | None = None) -> list[Case]:
    """The cases of the `wanted` categories that the folder holds, the first `most` of each.

    Raises:
        InvalidCall: there are none, a file is there twice, or a line is malformed; the message names it.
        OSError: a file cannot be read.
    """
    found: dict[str, Case] = {}
    for category in CATEGORIES:
        file = _file(folder, category) if category in wanted else None
        for place, case in _cases(file, category, most) if file is not None else ():
            if case.id in found:
                raise place.wrong(f"the id {case.id!r} is there twice")
            found[case.id] = case
    if not found:
        raise InvalidCall(f"{folder}: no file is named like BFCL_v4_live_{next(iter(wanted), 'simple')}.json")
    return list(found.values())


def _file(folder: Path, category: Category) -> Path | None:
    named = [file for file in sorted(folder.glob("BFCL_v*.json")) if re.fullmatch(rf"BFCL_v\d+_live_{category}", file.stem)]
    if len(named) > 1:
        raise InvalidCall(f"{folder}: both {named[0].name} and {named[1].name} are there; keep one version")
    return named[0] if named else None


def _cases(file: Path, category: Category, most: int | None) -> Iterator[tuple[Place, Case]]:
    truths = dict(_truths(file.parent / "possible_answer" / file.name)) if category in WITH_ANSWERS else {}
    for number, (place, line) in enumerate(rows(file, _Line, "a BFCL case")):
        if most is not None and number >= most:
            return
        truth = truths.get(line.id, [])
        if category in WITH_ANSWERS and not truth:
            raise place.wrong(f"{line.id} has no line in possible_answer/{file.name}")
        functions = list(_functions(line.function, place))
        names = {function.name for function in functions}
        if unknown := [name for call in truth for name in call if name not in names]:
            raise place.wrong(f"the answer of {line.id} calls {unknown[0]}, which is not among its functions")
        documents = json.dumps([json.loads(bytes(one)) for one in line.function], ensure_ascii=False)
        yield place, Case(line.id, category, line.question[0], documents, functions, truth)


def _functions(documents: Sequence[msgspec.Raw], place: Place) -> Iterator[Function]:
    for number, document in enumerate(documents, 1):
        try:
            yield msgspec.json.decode(document, type=Function)
        except msgspec.ValidationError as error:
            raise place.wrong(f"not a BFCL case: function {number}: {error}") from None


def _truths(file: Path) -> Iterator[tuple[str, list[Truth]]]:
    for place, answer in rows(file, _Answer, "a BFCL answer"):
        if any(len(call) != 1 for call in answer.ground_truth):
            raise place.wrong("not a BFCL answer: each call has one name")
        yield answer.id, answer.ground_truth


def evaluated(
    cases: Sequence[Case],
    answers: Mapping[str, Result],
    model: str,
    *,
    whole: bool = True,
    most_misses: int = 0,
) -> BfclLive:
    """How well `model` did on the cases that have an answer; they are not the `whole` of a category where some were left out."""
    counts: Counter[str] = Counter(case.category for case in cases)
    judged = [Judged(case.id, case.category, fault(case, answers[case.id])) for case in cases if case.id in answers]
    counted = common(model, counts, judged, [answers[one.id] for one in judged], most_misses)
    categories = counted["by_category"]
    return BfclLive(
        **counted,
        live_v2=weighted(categories, CATEGORIES) if whole else None,
        live_v4=weighted(categories, WITH_ANSWERS) if whole else None,
    )


def fault(case: Case, result: Result) -> str | None:
    """Why what a model wrote is wrong; None where it is right."""
    if result.error is not None and not result.result:
        return result.error
    try:
        calls = written_calls.read(result.result)
    except written_calls.Unreadable as error:
        # As in BFCL: what cannot be read is no call.
        return None if case.category == "irrelevance" else f"the calls cannot be read: {error}"
    if case.category == "irrelevance":
        return as_text(f"{calls[0].name} is called, and no function serves this") if calls else None
    if case.category == "relevance":
        return None if calls else "nothing is called, and a function serves this"
    wrong = ast_checker.fault(case.category, case.functions, calls, case.truth)
    return None if wrong is None else as_text(wrong)
