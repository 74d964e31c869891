"""Where keys are found, and that nothing shows one."""

from __future__ import annotations

import asyncio
import copy
import io
import logging
import pickle
import sys
import traceback
from pathlib import Path

import pytest

from netassist.backends import keys
from netassist.backends.keys import Key, KeySource, found
from netassist.backends.planning import BackendError
from netassist.configuration import Settings, load
from tests.backends.asking import failing, planned, remote, told
from tests.lab.llm_server import Llm, Turn, Wanted, llm_server

SECRET = "sk-lab-0123456789abcdefghijklmnopqrstuvwxyz"
KEYRING = """
import keyring.backend

class Keyring(keyring.backend.KeyringBackend):
    priority = 1

    def get_password(self, service, username):
        return {entries!r}.get((service, username))

    def set_password(self, service, username, password):
        raise NotImplementedError

    def delete_password(self, service, username):
        raise NotImplementedError
"""


@pytest.fixture(autouse=True)
def no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "HF_TOKEN", "LAB_KEY"):
        monkeypatch.delenv(name, raising=False)


def get(source: KeySource) -> str | None:
    key = told(found(source, "turbollm"))
    return key.authorization().removeprefix("Bearer ") if key is not None else None


def test_a_key_shows_nowhere() -> None:
    key = Key(SECRET, "LAB_KEY")
    shown = [repr(key), str(key), f"{key}", f"{key:>40}", f"{[key]}", f"{ {'key': key} }"]
    assert not [text for text in shown if SECRET in text]
    for copying in (pickle.dumps, copy.deepcopy):
        with pytest.raises(TypeError):
            copying(key)
    assert SECRET not in key.hidden_in(f"Incorrect API key provided: {SECRET}.")


def test_the_environment_gives_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAB_KEY", f"  {SECRET}\n")
    assert get(KeySource("lab", variable="LAB_KEY")) == SECRET


def test_a_command_gives_it_without_a_shell(tmp_path: Path) -> None:
    program = "import sys; print(sys.argv[1]); print('and more')"
    assert get(KeySource("lab", (sys.executable, "-c", program, SECRET))) == SECRET
    assert get(KeySource("lab", (sys.executable, "-c", program, "$(echo)"))) == "$(echo)"


@pytest.mark.parametrize(
    "program", ["raise SystemExit(3)", "print()", "print('a b')", "print('x' * 5000)", "print('\\x1b[31mred')"]
)
def test_a_command_that_gives_none_is_told_without_what_it_printed(program: str) -> None:
    with pytest.raises(BackendError, match=r"turbollm: .*key") as bad:
        get(KeySource("lab", (sys.executable, "-c", f"import sys; print({SECRET!r}, file=sys.stderr); {program}")))
    assert (bad.value.kind, bad.value.retry_after, SECRET in str(bad.value)) == ("key", 0, False)


def test_a_command_that_hangs_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "COMMAND_SECONDS", 0.3)
    with pytest.raises(BackendError, match="printed no key"):
        get(KeySource("lab", (sys.executable, "-c", "import time; time.sleep(60)")))


def test_the_keyring_gives_it_under_the_host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "lab_keyring.py").write_text(KEYRING.format(entries={("netassist", "api.example.org"): SECRET}))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "lab_keyring.Keyring")
    assert get(KeySource("api.example.org", keyring=True)) == SECRET
    assert get(KeySource("other.example.org", keyring=True)) is None
    with pytest.raises(BackendError, match=r"keyring set netassist other\.example\.org"):
        get(KeySource("other.example.org", keyring=True, required=True))


def test_a_machine_without_a_keyring_has_no_key_in_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    assert get(KeySource("lab", keyring=True)) is None


def test_no_module_of_the_current_folder_is_run_for_the_keyring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "keyring.py").write_text(f"print({SECRET!r})")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PYTHONPATH", raising=False)
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    assert get(KeySource("lab", keyring=True)) is None


def test_a_variable_that_was_named_has_to_be_set() -> None:
    with pytest.raises(BackendError, match="LAB_KEY is not set"):
        get(KeySource("lab", variable="LAB_KEY", variable_named=True))


def server(tmp_path: Path, text: str) -> KeySource:
    from netassist.backends.configured import server_of

    file = tmp_path / "config.toml"
    file.write_text(text)
    return server_of("turbollm", load(file)).key


def test_the_usual_key_goes_to_the_usual_address_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    assert get(server(tmp_path, "")) == SECRET
    assert get(server(tmp_path, '[turbollm]\nbase_url = "http://127.0.0.1:8000/v1"\n')) is None
    named = '[turbollm]\nbase_url = "http://127.0.0.1:8000/v1"\nkey_env = "OPENAI_API_KEY"\n'
    assert get(server(tmp_path, named)) == SECRET


def test_a_key_in_the_environment_is_no_consent(monkeypatch: pytest.MonkeyPatch) -> None:
    from netassist.backends.testllm import TestLlm
    from netassist.cli.backend import chosen_backend

    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    monkeypatch.setenv("HF_TOKEN", SECRET)
    assert isinstance(chosen_backend(Settings(), None, None), TestLlm)


def everything(error: BaseException) -> str:
    """All that a crash may show: the traceback, and the one with every local variable that Textual prints."""
    from rich.console import Console
    from rich.traceback import Traceback

    sink = io.StringIO()
    frames = Traceback.from_exception(type(error), error, error.__traceback__, show_locals=True, locals_max_string=10_000)
    Console(file=sink, width=300).print(frames)
    return sink.getvalue() + "".join(traceback.format_exception(error, chain=True)) + repr(error)


TURNS = (
    Turn(status=401, error=f"Incorrect API key provided: {SECRET}"),
    Turn(status=400, error=f"you sent Bearer {SECRET}"),
    Turn(status=500, error=SECRET),
    Turn(fault="cut"),
    Turn("one two", fault="malformed_json"),
    Turn(calls=[Wanted("pnig", {})]),
)


@pytest.mark.parametrize("turn", TURNS)
def test_no_error_traceback_log_or_file_holds_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, turn: Turn
) -> None:
    monkeypatch.setenv("LAB_KEY", SECRET)
    caplog.set_level(logging.DEBUG)
    with llm_server(Llm(otherwise=turn, key=SECRET)) as lab:
        error = failing(lambda: planned(remote(lab, tmp_path, key=KeySource("127.0.0.1", variable="LAB_KEY")), "ping 192.0.2.1"))
        assert lab.asked[0].headers["authorization"] == f"Bearer {SECRET}"
    assert SECRET not in everything(error)
    assert SECRET not in caplog.text
    assert not [file for file in tmp_path.iterdir() if SECRET.encode() in file.read_bytes()]


def test_no_crash_within_shows_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A mistake of ours while the request is under way: what the interpreter and Textual would print."""
    monkeypatch.setenv("LAB_KEY", SECRET)

    async def story() -> None:
        backend = remote(lab, tmp_path, key=KeySource("127.0.0.1", variable="LAB_KEY"))
        monkeypatch.setattr("netassist.backends.event_stream.Reply.take", None)
        try:
            await planned(backend, "ping 192.0.2.1")
        finally:
            await asyncio.sleep(0)

    with llm_server(Llm(key=SECRET)) as lab, pytest.raises(TypeError) as crash:
        told(story())
    shown = everything(crash.value)
    assert "Key(…)" in shown  # the locals were printed
    assert SECRET not in shown
