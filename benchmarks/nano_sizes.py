"""How small the built-in model can be: accuracy, size, load and planning time of its sizes and quantisations.

    python -m benchmarks.nano_sizes CASES.jsonl MODEL.gguf… [--types F16 Q8_0 …]

Each file (best exported with `--type F32`) is quantised by llama.cpp to each type. Prints a Markdown table; accuracy is
NetBench's, times are of two threads, and `start and load` is from nothing to a worker that can be asked.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import median, quantiles
from time import perf_counter
from typing import NamedTuple

import llama_cpp

from benchmarks.table import table
from benchmarks.timing import shown
from netassist.backends.testllm import TestLlm
from netassist.evaluation.netbench import Case, cases, evaluated, planned
from netassist.toolbox import built_in

_silent = llama_cpp.llama_log_callback(lambda level, text, data: None)
TYPES = ("F16", "Q8_0", "Q6_K", "Q5_K_S", "Q4_K_S", "Q3_K_S", "Q2_K")
LOADS = 5


class Measured(NamedTuple):
    right: float
    load_s: float
    median_s: float
    p95_s: float


def quantised(source: Path, kind: str, output: Path) -> None:
    """Write `source` with every matrix in `kind`; raises RuntimeError where llama.cpp will not."""
    options = llama_cpp.llama_model_quantize_default_params()
    options.ftype = getattr(llama_cpp, f"LLAMA_FTYPE_MOSTLY_{kind}")
    options.allow_requantize, options.pure, options.nthread = True, True, 2
    if llama_cpp.llama_model_quantize(str(source).encode(), str(output).encode(), options):
        raise RuntimeError(f"{source}: llama.cpp cannot quantise it to {kind}")


async def measured(model: Path, benchmark: list[Case]) -> Measured:
    every, loads = list(built_in().values()), []
    for _ in range(LOADS):
        backend = TestLlm(model, threads=2)
        began = perf_counter()
        await backend.client.loaded()
        loads.append(perf_counter() - began)
        await backend.close()
    backend = TestLlm(model, threads=2)
    try:
        await backend.client.loaded()
        answers = {case.id: await planned(case, backend, every, {}) for case in benchmark}
    finally:
        await backend.close()
    right = evaluated(benchmark, answers, model.stem).right / len(benchmark)
    seconds = [answer.seconds for answer in answers.values() if answer.seconds is not None]
    return Measured(right, median(loads), median(seconds), quantiles(seconds, n=20)[-1])


def rows(models: list[Path], types: list[str], benchmark: list[Case]) -> Iterator[tuple[str, ...]]:
    with tempfile.TemporaryDirectory() as folder:
        for model in models:
            for kind in types:
                file = Path(folder) / f"{model.stem}-{kind}.gguf"
                quantised(model, kind, file)
                size = f"{file.stat().st_size / 1e6:.2f} MB"
                found = asyncio.run(measured(file, benchmark))
                file.unlink()
                sys.stderr.write(f"{model.stem} {kind}: {found.right:.1%}\n")
                yield model.stem, kind, size, f"{found.right:.1%}", *map(shown, found[1:])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", type=Path)
    parser.add_argument("models", type=Path, nargs="+")
    parser.add_argument("--types", nargs="+", default=list(TYPES))
    options = parser.parse_args()
    llama_cpp.llama_log_set(_silent, None)
    head = ("model", "type", "size", "right", "start and load", "plan: median", "plan: 95th percentile")
    sys.stdout.write(table(head, rows(options.models, options.types, cases(options.cases))) + "\n")


if __name__ == "__main__":
    main()
