"""Answers that are kept while they come, and a run that is broken off."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from netassist.backends.planning import BackendError
from netassist.evaluation.bfcl import Result
from netassist.evaluation.record import Record
from netassist.evaluation.run import Run
from netassist.evaluation.score import pace, weighted
from netassist.llama.client import ModelError
from netassist.network import Progress
from netassist.toolbox import InvalidCall


class One(NamedTuple):
    id: str


CASES = [One("a"), One("b"), One("c")]
Ask = Callable[[One], Awaitable[Result]]


async def plain(case: One) -> Result:
    return Result(id=case.id, model="m", result=f"answer {case.id}")


def failed(case: One, why: str) -> Result:
    return Result(id=case.id, model="m", error=why)


def kept(file: Path | None, resume: bool = True) -> Record[Result]:
    return Record(file, Result, resume, lambda answer: None if answer.model == "m" else f"an answer of {answer.model}")


def over(record: Record[Result], ask: Ask, run: Run | None = None, told: list[Progress] | None = None) -> Run:
    run = run or Run((told if told is not None else []).append)
    asyncio.run(run.over(CASES, record, ask, failed))
    return run


def test_what_was_answered_is_not_asked_again(tmp_path: Path) -> None:
    file = tmp_path / "results.jsonl"
    over(kept(file), plain)
    asked: list[str] = []

    async def ask(case: One) -> Result:
        asked.append(case.id)
        return await plain(case)

    over(again := kept(file), ask)
    assert asked == []
    assert [answer.result for answer in again.answers.values()] == ["answer a", "answer b", "answer c"]


def test_a_line_that_was_cut_short_is_taken_away_and_asked_again(tmp_path: Path) -> None:
    file = tmp_path / "results.jsonl"
    over(kept(file), plain)
    whole = file.read_bytes()
    file.write_bytes(whole[:-9])
    record = kept(file)
    assert record.done == {"a", "b"}
    over(record, plain)
    assert file.read_bytes() == whole


def test_a_last_line_without_its_end_is_whole(tmp_path: Path) -> None:
    file = tmp_path / "results.jsonl"
    over(kept(file), plain)
    whole = file.read_bytes()
    file.write_bytes(whole[:-1])
    assert kept(file).done == {"a", "b", "c"}
    assert file.read_bytes() == whole


def test_a_file_that_is_there_is_not_lost(tmp_path: Path) -> None:
    file = tmp_path / "results.jsonl"
    file.write_text("my diary\n")
    with pytest.raises(InvalidCall, match="is there already; --resume goes on with it"):
        kept(file, resume=False)
    with pytest.raises(InvalidCall, match=r"results.jsonl:1: not JSON"):
        kept(file)
    file.write_text('{"title": "my diary"}')
    with pytest.raises(InvalidCall, match=r"results.jsonl:1: not an answer of this evaluation: .*id"):
        kept(file)
    assert file.read_text() == '{"title": "my diary"}'


def test_answers_of_another_model_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "results.jsonl"
    over(kept(file), plain)
    file.write_text(file.read_text().replace('"m"', '"n"'))
    with pytest.raises(InvalidCall, match=r"results.jsonl:1: an answer of n"):
        kept(file)


def test_a_case_that_failed_is_told_and_tried_again(tmp_path: Path) -> None:
    async def ask(case: One) -> Result:
        if case.id == "b":
            raise BackendError("the prompt is too long")
        return await plain(case)

    file = tmp_path / "results.jsonl"
    over(kept(file), ask)
    record = kept(file)
    assert record.answers["b"].error == "the prompt is too long"
    assert record.done == {"a", "c"}
    over(record, plain)
    assert kept(file).answers["b"].result == "answer b"


def test_a_model_that_cannot_be_used_ends_the_run() -> None:
    async def ask(case: One) -> Result:
        raise BackendError("not a GGUF file") from ModelError("model", "not a GGUF file")

    record = kept(None)
    with pytest.raises(BackendError, match="not a GGUF file"):
        over(record, ask)
    assert not record.answers


def test_an_interrupt_drops_the_answer_under_way_and_keeps_the_others() -> None:
    run = Run(lambda progress: None)

    async def ask(case: One) -> Result:
        if case.id == "b":
            run.interrupt()
            await asyncio.Event().wait()
        return await plain(case)

    record = kept(None)
    over(record, ask, run)
    assert run.interrupted
    assert list(record.answers) == ["a"]


def test_progress_counts_what_was_done_before() -> None:
    record = kept(None)
    record.keep(Result(id="a", model="m"))
    told: list[Progress] = []
    over(record, plain, told=told)
    assert [(progress.text.partition(",")[0], progress.fraction) for progress in told] == [
        ("1 of 3 cases", 1 / 3),
        ("2 of 3 cases", 2 / 3),
    ]


def test_the_95th_percentile_is_the_nearest_rank() -> None:
    assert pace([Result(id=str(n), seconds=float(n)) for n in range(1, 101)]) == (50.5, 95.0)
    assert pace([Result(id="x")]) == (None, None)
    assert weighted([], ["simple"]) is None
