"""The built-in model on NetBench's validation set, and the same file with its weights shuffled: it is the model that decides."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import gguf
import numpy
import pytest

from netassist.backends.testllm import BUILT_IN
from netassist.nano.leaks import LONGEST_RUN, Leak, leaks, netbench, training_texts

NETBENCH = Path(__file__).parent.parent.parent.parent / "shared" / "netbench"
beside = pytest.mark.skipif(not NETBENCH.is_dir(), reason="NetBench is not beside this checkout")
LEAST, LEAST_IN_A_CATEGORY, MOST_SHUFFLED = 0.9, 0.78, 0.15
"""The goals are 90% and 80% in each category; a processor that rounds otherwise may cost a case of 50."""


class Score(NamedTuple):
    accuracy: float
    by_category: dict[str, float]


def score_of(model: Path, folder: Path) -> Score:
    cases, predictions = NETBENCH / "validation.jsonl", folder / "predictions.jsonl"
    plan = [sys.executable, "-m", "netassist", "plan", "--input", str(cases), "--output", str(predictions), "--model", str(model)]
    subprocess.run(plan, check=True, stdin=subprocess.DEVNULL)
    scorer = [sys.executable, str(NETBENCH / "score.py"), str(cases), str(predictions), "--json"]
    done = json.loads(subprocess.run(scorer, check=True, capture_output=True, text=True).stdout)
    return Score(done["accuracy"], done["by_category"])


@beside
def test_the_built_in_model_plans_what_people_ask_for(tmp_path: Path) -> None:
    score = score_of(BUILT_IN, tmp_path)
    assert score.accuracy >= LEAST
    assert min(score.by_category.values()) >= LEAST_IN_A_CATEGORY, score.by_category


@beside
def test_with_its_weights_shuffled_it_knows_nothing(tmp_path: Path) -> None:
    shuffled = tmp_path / "shuffled.gguf"
    shutil.copy(BUILT_IN, shuffled)
    chance = numpy.random.default_rng(1)
    for tensor in gguf.GGUFReader(shuffled, "r+").tensors:
        # Whole blocks change places, each with its own scale; norms have one weight a block.
        size = gguf.GGML_QUANT_SIZES[tensor.tensor_type][1]
        blocks = tensor.data.view(numpy.uint8).reshape(-1, size)
        blocks[:] = chance.permutation(blocks)
    assert score_of(shuffled, tmp_path).accuracy < MOST_SHUFFLED


@beside
def test_no_test_case_is_training_text() -> None:
    cases = [case for file in sorted(NETBENCH.glob("*.jsonl")) for case in netbench(file)]
    assert len(cases) > 500
    assert list(leaks(training_texts(), cases)) == []


@pytest.mark.parametrize(
    ("ours", "why"),
    [
        ("so: when you are done with that please tell me if 10.0.0.9 still has its old key", "the same words in a row"),
        ("which of the two ports is open on web3.example.com", "much the same five-word sequences"),
    ],
)
def test_a_leak_is_found_whatever_the_host(ours: str, why: str) -> None:
    cases = [
        ("run", "When you are done with that, please tell me if db1.example.org still answers"),
        ("near", "Which of the two ports is open on 192.0.2.4?"),
    ]
    assert [leak.why.startswith(why) for leak in leaks([ours], cases)].count(True) >= 1


def test_short_phrases_that_everybody_uses_are_no_leak() -> None:
    found: list[Leak] = list(leaks(["ping 10.0.0.1 please"], [("short", "please ping 192.0.2.1")]))
    assert found == []
    assert LONGEST_RUN == 7
