"""What the configuration says of backends: how its mistakes are told, and what becomes of the rest."""

from __future__ import annotations

from pathlib import Path

import pytest

from netassist.backends.configured import leaves, server_of
from netassist.backends.ladder import Ladder
from netassist.backends.ledger import Budget
from netassist.backends.testllm import TestLlm
from netassist.cli.backend import chosen_backend
from netassist.configuration import BadConfiguration, Settings, load


def written(folder: Path, text: str) -> Path:
    file = folder / "config.toml"
    file.write_text(text, encoding="utf-8")
    return file


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("backends = []\n", ["config.toml:1:", "backends is empty"]),
        ('backends = [\n  "testllm",\n  "gpt"\n]\n', ["config.toml:3:", "there is no backend 'gpt'; there are testllm, hugllm"]),
        ('backends = ["testllm", "testllm"]\n', ["config.toml:1:", "testllm twice"]),
        ('backends = "turbollm"\n', ["config.toml:1:", "backends must be a list of texts"]),
        ('privacy = "yes"\n', ["config.toml:1:", "privacy is one of off, redact"]),
        ('[turbollm]\nkey = "sk-lab-secret"\n', ["config.toml:2:", "no setting 'key'", "key_env, key_command, keyring"]),
        ('[turbollm]\nkey_env = "sk-lab-secret"\n', ["config.toml:2:", "the name of an environment variable, not a key"]),
        ('[turbollm]\nbase_url = "https://me:sk-lab-secret@x/v1"\n', ["config.toml:2:", "holds a user name or password"]),
        ('[turbollm]\nbase_url = "ftp://x"\n', ["config.toml:2:", "no http or https URL"]),
        ('[turbollm]\nbase_url = "http://[x"\n', ["config.toml:2:", "not a URL"]),
        ('[turbollm]\nbase_url = "http://x/v1?key=sk-lab-secret"\n', ["config.toml:2:", "a query or a fragment"]),
        ("[hugllm]\nmodel = ''\n", ["config.toml:2:", "[hugllm] model is empty"]),
        ("[hugllm]\ntokens_a_day = 0\n", ["config.toml:2:", "tokens_a_day 0 is less than 1"]),
        ("[hugllm]\ntokens_a_day = 1.5\n", ["config.toml:2:", "tokens_a_day must be a whole number"]),
        ("[hugllm]\nmoney_a_day = 1\n", ["config.toml:2:", "needs price_read and price_written"]),
        ("[hugllm]\nprice_read = 1\nmoney_a_day = -1\n", ["config.toml:3:", "-1 is no amount"]),
        ("[hugllm]\nprice_read = true\n", ["config.toml:2:", "price_read must be a number"]),
        ("[hugllm]\nkeyring = 1\n", ["config.toml:2:", "keyring must be true or false"]),
        ("[hugllm]\nkey_command = []\n", ["config.toml:2:", "key_command is empty"]),
        ("[hugllm]\nkey_command = 'pass x'\n", ["config.toml:2:", "key_command must be a list of texts"]),
        ('[hugllm]\nca_file = "/nonexistent.pem"\n', ["config.toml:2:", "[hugllm] ca_file: /nonexistent.pem"]),
    ],
)
def test_a_mistake_is_told_with_its_line_and_no_secret(tmp_path: Path, text: str, words: list[str]) -> None:
    with pytest.raises(BadConfiguration) as bad:
        load(written(tmp_path, text))
    assert all(word in str(bad.value) for word in words), str(bad.value)
    assert "sk-lab-secret" not in str(bad.value)


def test_a_whole_table_becomes_a_server(tmp_path: Path) -> None:
    text = """
backends = ["hugllm", "testllm"]
privacy = "redact"
[hugllm]
base_url = "http://127.0.0.1:8000/v1"
model = "Qwen/Qwen3-8B"
key_command = ["pass", "show", "vllm"]
tokens_a_day = 1000
money_a_day = 2
price_read = 0.1
price_written = 0.5
carry_over_days = 3
first_byte_s = 120
total_s = 60
"""
    server = server_of("hugllm", load(written(tmp_path, text)))
    assert (server.base_url, server.model, server.redact) == ("http://127.0.0.1:8000/v1", "Qwen/Qwen3-8B", True)
    assert server.budget == Budget(1000, 2.0, 0.1, 0.5, 3)
    assert (server.patience.first, server.patience.whole) == (120, 120)
    assert (server.key.command, server.key.variable, server.key.required) == (("pass", "show", "vllm"), None, False)


def test_the_defaults_are_openai_and_hugging_face() -> None:
    turbo, hug = server_of("turbollm", Settings()), server_of("hugllm", Settings())
    assert (turbo.base_url, turbo.model, turbo.key.variable) == ("https://api.openai.com/v1", "gpt-4o-mini", "OPENAI_API_KEY")
    assert (hug.base_url, hug.key.variable) == ("https://router.huggingface.co/v1", "HF_TOKEN")
    assert turbo.key.required
    assert hug.key.required


def test_the_order_is_the_users_and_a_flag_pins_one() -> None:
    assert isinstance(chosen_backend(Settings(), None, None), TestLlm)
    ordered = Settings(backends=("turbollm", "testllm"))
    ladder = chosen_backend(ordered, None, None)
    assert isinstance(ladder, Ladder)
    assert [rung.backend.name for rung in ladder.rungs] == ["turbollm", "testllm"]
    assert (ladder.name, ladder.rounds) == ("turbollm → testllm", 6)
    pinned = chosen_backend(ordered, None, None, backend="hugllm")
    assert isinstance(pinned, Ladder)
    assert [rung.backend.name for rung in pinned.rungs] == ["hugllm"]
    assert isinstance(chosen_backend(ordered, None, None, backend="testllm"), TestLlm)
    assert isinstance(chosen_backend(ordered, None, None, "on"), TestLlm)
    with pytest.raises(BadConfiguration, match="--backend turbollm is not one"):
        chosen_backend(ordered, Path("x.gguf"), None, backend="turbollm")


def test_what_leaves_is_named() -> None:
    assert list(leaves(Settings())) == []
    [(name, to, what)] = leaves(Settings(backends=("testllm", "hugllm")))
    assert (name, to) == ("hugllm", "https://router.huggingface.co/v1")
    assert what.endswith("as they are")
    [(_, _, hidden)] = leaves(Settings(backends=("hugllm",), privacy="redact"))
    assert "placeholders" in hidden
