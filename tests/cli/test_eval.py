"""`netassist eval` as a process: real models with random weights, files that are gone on with, one clear line for each fault."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.evaluation import small_bfcl
from tests.lab.gguf import nemotron_shaped


def case(name: str, category: str, truth: object, *requests: str, **more: str) -> str:
    question = [[{"role": "user", "content": request}] for request in requests]
    return json.dumps({"id": name, "category": category, "question": question, "ground_truth": truth, **more}) + "\n"


CASES = (
    case("up", "simple", [{"ping": {"host": ["gw7.lab.test"]}}], "ping gw7.lab.test")
    + case("poem", "no_call", [], "write me a poem", expect="no_call")
    + case("both", "turns", [[{"ping": {"host": ["198.51.100.4"]}}], [{"ping": {"host": ["203.0.113.77"]}}]],
           "ping 198.51.100.4", "and its certificate")
)  # fmt: skip


@pytest.fixture
def cases(tmp_path: Path) -> Path:
    file = tmp_path / "cases.jsonl"
    file.write_text(CASES, encoding="utf-8")
    return file


def evaluate(environment: dict[str, str], *words: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "netassist", "eval", *map(str, words)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)


def test_the_built_in_model_on_netbench_s_form(environment: dict[str, str], cases: Path, tmp_path: Path) -> None:
    output = tmp_path / "predictions.jsonl"
    done = evaluate(environment, "netbench", cases, "--output", output, "--failures", 5, "--threads", 1)
    assert (done.returncode, done.stderr) == (0, "")
    assert "nano plans 2 of 3 right (66.7%)." in done.stdout
    assert "✘ turns both" in done.stdout
    rows = [json.loads(line) for line in output.read_text().splitlines()]
    assert [(row["id"], row["model"], len(row["turns"])) for row in rows] == [
        ("up", "nano", 1),
        ("poem", "nano", 1),
        ("both", "nano", 2),
    ]
    assert rows[0]["turns"] == [{"outcome": "call", "calls": [{"name": "ping", "arguments": {"host": "gw7.lab.test"}}]}]


def test_kept_predictions_are_scored_without_the_model(environment: dict[str, str], cases: Path, tmp_path: Path) -> None:
    output = tmp_path / "elsewhere.jsonl"
    refusal = {"outcome": "no_call", "calls": []}
    given = {"up": [refusal], "poem": [refusal], "both": [], "never heard of": []}
    output.write_text("".join(json.dumps({"id": name, "turns": turns}) + "\n" for name, turns in given.items()))
    before = output.read_bytes()
    done = evaluate(environment, "netbench", cases, "--output", output, "--resume", "-f", "json")
    result = json.loads(done.stdout)
    assert (done.returncode, result["model"], result["right"], result["complete"]) == (0, "elsewhere", 1, True)
    assert {one["name"]: one["accuracy"] for one in result["by_category"]} == {"simple": 0, "no_call": 1, "turns": 0}
    assert output.read_bytes() == before


def test_any_gguf_writes_answers_to_bfcl_and_the_run_goes_on(environment: dict[str, str], tmp_path: Path) -> None:
    folder, model = small_bfcl.written(tmp_path / "data"), nemotron_shaped(tmp_path / "random.gguf", context=2048)
    output = tmp_path / "results.jsonl"
    words = ("bfcl", folder, "--model", model, "--threads", 1, "--output", output, "-f", "json")
    first = evaluate(environment, *words, "--category", "irrelevance")
    assert (first.returncode, json.loads(first.stdout)["cases"], json.loads(first.stdout)["live_v2"]) == (0, 1, None)
    thinking = evaluate(environment, *words, "--resume", "--thinking", "on")
    assert thinking.returncode == 2
    assert "results.jsonl:1: an answer with --thinking off; give that, or another --output" in thinking.stderr
    second = evaluate(environment, *words, "--resume")
    result = json.loads(second.stdout)
    assert (second.returncode, second.stderr) == (0, "")
    assert (result["schema"], result["model"], result["cases"], result["complete"]) == (
        "netassist/evaluation/bfcl_live/1",
        "random",
        6,
        True,
    )
    # Random weights call nothing, which is right where no function serves.
    assert (result["right"], result["live_v2"], result["live_v4"]) == (1, 1 / 6, 0)
    rows = [json.loads(line) for line in output.read_text().splitlines()]
    assert len({row["id"] for row in rows}) == len(rows) == 6
    assert all(row["result"] and row["error"] is None for row in rows)


def test_right_results_score_all(environment: dict[str, str], tmp_path: Path) -> None:
    output = tmp_path / "right.jsonl"
    output.write_text("".join(json.dumps({"id": case, "result": text}) + "\n" for case, text in small_bfcl.RIGHT.items()))
    done = evaluate(environment, "bfcl", small_bfcl.written(tmp_path / "data"), "--output", output, "--resume")
    assert done.returncode == 0
    assert "right plans 6 of 6 right (100.0%)." in done.stdout
    assert "100.0% (all six categories, by count)" in done.stdout


def test_a_case_that_does_not_fit_is_told_and_the_evaluation_is_incomplete(environment: dict[str, str], tmp_path: Path) -> None:
    folder, model = small_bfcl.written(tmp_path / "data"), nemotron_shaped(tmp_path / "short.gguf", context=64)
    done = evaluate(environment, "bfcl", folder, "--model", model, "--threads", 1, "--failures", 1)
    assert done.returncode == 3
    assert "6 cases got no answer and count as wrong" in done.stdout
    assert "the prompt has" in done.stdout


def test_ctrl_c_reports_what_is_known(environment: dict[str, str], tmp_path: Path) -> None:
    folder, model = small_bfcl.written(tmp_path / "data"), nemotron_shaped(tmp_path / "random.gguf", context=2048)
    relevance = folder / "BFCL_v4_live_relevance.json"
    line = relevance.read_text()
    relevance.write_text("".join(line.replace("0-0-0", f"{number}-0-0") for number in range(500)))
    output = tmp_path / "results.jsonl"
    command = [sys.executable, "-m", "netassist", "eval", "bfcl", str(folder), "--category", "relevance", "--threads", "1",
               "--model", str(model), "--output", str(output), "-f", "json"]  # fmt: skip
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        while process.poll() is None and not (output.exists() and output.read_bytes()):
            os.sched_yield()
        process.send_signal(signal.SIGINT)
        result = json.loads(process.communicate(timeout=60)[0])
    assert process.returncode == 130
    assert 0 < result["answered"] < result["cases"] == 500
    assert (result["complete"], result["live_v2"]) == (False, None)
    assert result["answered"] == len(output.read_text().splitlines())


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("netbench", "nowhere.jsonl"), 3, "nowhere.jsonl: No such file or directory"),
        (("netbench", "cases.jsonl", "--resume"), 2, "--resume goes with --output, which names the answers to go on with"),
        (("netbench", "cases.jsonl", "--output", "cases.jsonl"), 2,
         "--output cases.jsonl is the file of the cases, which would be lost"),
        (("netbench", "broken.jsonl"), 2, "broken.jsonl:2: not JSON: "),
        (("bfcl", "data"), 2, "nano knows netassist's tools alone, and BFCL brings its own; name another GGUF file with --model"),
        (("bfcl", "data", "--model", "cases.jsonl"), 3, "cases.jsonl: not a GGUF file; name a model in GGUF form"),
        (("bfcl", "."), 2, ".: no file is named like BFCL_v4_live_simple.json"),
        (("bfcl", "data", "--limit", "0"), 2, "--limit 0 leaves no case; give 1 or more"),
        (("bfcl", "data", "--category", "java"), 2, "java"),
        ((), 0, ""),
    ],
)  # fmt: skip
def test_faults_are_one_line(
    environment: dict[str, str], cases: Path, words: tuple[str, ...], code: int, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(cases.parent)
    small_bfcl.written(cases.parent / "data")
    (cases.parent / "broken.jsonl").write_text(CASES.splitlines()[0] + "\n{\n")
    environment = environment | {"PYTHONPATH": str(Path(__file__).parent.parent.parent)}
    done = evaluate(environment, *words)
    assert done.returncode == code
    assert message in done.stderr
    assert done.stderr.count("\n") == (1 if code else 0)
