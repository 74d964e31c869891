"""``netassist eval``: hold a model against a published benchmark."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, TypeVar

from cyclopts import App, Parameter

from netassist.cli.exits import CLEAN, INCOMPLETE, INTERRUPTED
from netassist.cli.options import Config, Format, ModelFile, Thinking, ThoughtTokens, Threads

if TYPE_CHECKING:
    from netassist.backends.planning import Backend
    from netassist.backends.testllm import TestLlm
    from netassist.evaluation import bfcl as live
    from netassist.evaluation.record import Answered, Record
    from netassist.evaluation.run import Case, Run
    from netassist.evaluation.score import Evaluation
    from netassist.llama.messages import Loaded

    CaseOf = TypeVar("CaseOf", bound=Case)
    Row = TypeVar("Row", bound=Answered)

app = App(name="eval", help_format="plaintext", help_formatter="plain")

Output = Annotated[Path | None, Parameter(help="Keep each answer there, one JSON object a line; nothing is kept where left out.")]
Resume = Annotated[bool, Parameter(help="Go on with the answers that --output holds.", negative="")]
Failures = Annotated[int, Parameter(help="Show so many of the cases that are wrong, and why.")]


@app.command
def netbench(
    file: Annotated[Path, Parameter(help="NetBench cases, one JSON object a line.")],
    /,
    *,
    output: Output = None,
    resume: Resume = False,
    failures: Failures = 0,
    format: Format = "text",
    model: ModelFile = None,
    threads: Threads = None,
    thinking: Thinking = "off",
    thought_tokens: ThoughtTokens = 1024,
    config: Config = None,
) -> int:
    """Plan the calls for NetBench's cases, and score them as its scorer does: a case is right where every turn of it is."""
    import asyncio

    from netassist.cli.backend import chosen_backend
    from netassist.configuration import load
    from netassist.evaluation import netbench as bench
    from netassist.evaluation.record import Record
    from netassist.toolbox import tools

    _check(output, resume, file)
    settings = load(config)
    cases = bench.cases(file)
    backend, thinks = chosen_backend(settings, model, threads, thinking, thought_tokens, backend="testllm"), thinking == "on"
    record = Record(output, bench.Prediction, resume, lambda kept: _other(kept, backend.model, thinks))
    offered = list(tools().values())

    async def ask(case: bench.Case) -> bench.Prediction:
        await _loaded(backend)
        return await bench.planned(case, backend, offered, settings.inventory, thinks)

    run = asyncio.run(_over(
        cases, record, backend,
        ask,
        lambda case, why: bench.Prediction(id=case.id, model=backend.model, thinking=thinks, error=why),
    ))  # fmt: skip
    result = bench.evaluated(cases, record.answers, record.model(backend.model), failures)
    return _shown(result, format, run.interrupted)


@app.command
def bfcl(
    folder: Annotated[Path, Parameter(help="BFCL's data: BFCL_v4_live_simple.json and its like, answers in possible_answer/.")],
    /,
    *,
    category: Annotated[
        tuple[Literal["simple", "multiple", "parallel", "parallel_multiple", "irrelevance", "relevance"], ...],
        Parameter(help="Only this category; may be given more than once.", consume_multiple=False, negative=""),
    ] = (),
    limit: Annotated[int | None, Parameter(help="Only so many cases of each category, the first ones.")] = None,
    output: Output = None,
    resume: Resume = False,
    failures: Failures = 0,
    format: Format = "text",
    model: ModelFile = None,
    threads: Threads = None,
    thinking: Thinking = "off",
    thought_tokens: ThoughtTokens = 4096,
    config: Config = None,
) -> int:
    """Let a GGUF model answer the live categories of the Berkeley Function Calling Leaderboard, and score it by BFCL's rules.

    The model writes freely, as in published figures: no grammar helps it. The built-in model knows netassist's tools alone, so
    --model has to name another.
    """
    import asyncio

    from netassist.cli.backend import chosen_backend
    from netassist.configuration import load
    from netassist.evaluation import bfcl as live
    from netassist.evaluation import bfcl_asking
    from netassist.evaluation.record import Record
    from netassist.toolbox import InvalidCall

    _check(output, resume, folder)
    if limit is not None and limit < 1:
        raise InvalidCall(f"--limit {limit} leaves no case; give 1 or more")
    cases = live.cases(folder, category or live.CATEGORIES, limit)
    backend, thinks = chosen_backend(load(config), model, threads, thinking, thought_tokens, backend="testllm"), thinking == "on"

    async def ask(case: live.Case) -> live.Result:
        return await bfcl_asking.answered(case, await _free(backend))

    record = Record(output, live.Result, resume, lambda kept: _other(kept, backend.model, thinks))
    run = asyncio.run(_over(
        cases, record, backend,
        ask,
        lambda case, why: live.Result(id=case.id, model=backend.model, error=why, thinking=thinks),
    ))  # fmt: skip
    result = live.evaluated(cases, record.answers, record.model(backend.model), whole=limit is None, most_misses=failures)
    return _shown(result, format, run.interrupted)


def _check(output: Path | None, resume: bool, source: Path) -> None:
    """Raises InvalidCall where the options do not go together, OSError where there is nothing to read."""
    from netassist.toolbox import InvalidCall

    source.stat()
    if resume and output is None:
        raise InvalidCall("--resume goes with --output, which names the answers to go on with")
    if output is not None and output.exists() and output.samefile(source):
        raise InvalidCall(f"--output {output} is the file of the cases, which would be lost; name another")


def _other(kept: Answered, model: str, thinking: bool) -> str | None:
    """Why an answer that is kept does not belong to this run; one that names no model came from elsewhere, and is taken."""
    if kept.model in ("", model) and (kept.thinking is thinking or not kept.model):
        return None
    if kept.model != model:
        return f"an answer of {kept.model}, not of {model}; name its model, or another --output"
    return f"an answer with --thinking {'on' if kept.thinking else 'off'}; give that, or another --output"


async def _over(
    cases: Sequence[CaseOf],
    record: Record[Row],
    backend: Backend,
    ask: Callable[[CaseOf], Awaitable[Row]],
    failed: Callable[[CaseOf, str], Row],
) -> Run:
    from netassist.cli.terminal import ProgressLine, interruptible
    from netassist.evaluation.run import Run

    line = ProgressLine()
    run = Run(lambda progress: line.moved(0, progress))
    try:
        with interruptible(run.interrupt):
            await run.over(cases, record, ask, failed)
    finally:
        line.clear()
        await backend.close()
    return run


async def _loaded(backend: Backend) -> Loaded | None:
    """What a local model is, once it can be used, so that loading it counts for no case; raises BackendError."""
    from netassist.backends.planning import BackendError
    from netassist.backends.testllm import TestLlm
    from netassist.llama.client import ModelError

    if not isinstance(backend, TestLlm):
        return None
    try:
        return await backend.client.loaded()
    except ModelError as error:
        raise BackendError(str(error)) from error


async def _free(backend: Backend) -> TestLlm:
    """The backend as one whose model may write freely; raises InvalidCall where it is none."""
    from netassist.backends.testllm import TestLlm
    from netassist.toolbox import InvalidCall

    loaded = await _loaded(backend)
    if not isinstance(backend, TestLlm) or loaded is None:
        raise InvalidCall(f"{backend.name} cannot be evaluated by BFCL; name a GGUF file with --model")
    if loaded.notation is not None:
        raise InvalidCall(
            f"{backend.model} knows netassist's tools alone, and BFCL brings its own; name another GGUF file with --model"
        )
    return backend


def _shown(result: Evaluation, format: str, interrupted: bool) -> int:
    from netassist.cli.output import show_json, show_lines

    if format == "json":
        show_json(result)
    else:
        from netassist.evaluation.text import lines
        from netassist.reports.style import columns

        show_lines(lines(result, columns(sys.stdout)))
    if interrupted:
        return INTERRUPTED
    return CLEAN if result.complete and not result.failed else INCOMPLETE
