"""The configuration file: what it gives, and how its mistakes are told."""

from __future__ import annotations

from pathlib import Path

import pytest

from netassist.configuration import BadConfiguration, Settings, load


def written(folder: Path, text: str) -> Path:
    file = folder / "config.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_without_a_file_the_defaults_hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NETASSIST_CONFIG", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert load() == Settings()


def test_the_environment_names_another_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NETASSIST_CONFIG", str(written(tmp_path, '[targets]\n"My Server" = "192.0.2.7"\n')))
    assert load().inventory == {"my server": "192.0.2.7"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[targets]\nnas = "192.0.2.7"\n[scope]\nalow = ["x"]\n', ["config.toml:4:", "alow"]),
        ("[targets\n", ["config.toml", "line 1"]),
        ('[targets]\nnas = "-oX evil"\n', ["config.toml:2:", "-oX evil"]),
        ('[scope]\ndeny = ["10.0.0.0/33"]\n', ["config.toml:2:", "10.0.0.0/33"]),
        ("[model]\nthreads = 'two'\n", ["config.toml:2:", "int"]),
    ],
)
def test_a_mistake_is_told_with_its_line(tmp_path: Path, text: str, words: list[str]) -> None:
    with pytest.raises(BadConfiguration) as bad:
        load(written(tmp_path, text))
    assert all(word in str(bad.value) for word in words), str(bad.value)


def test_a_file_that_is_named_but_missing_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(BadConfiguration, match="cannot be read"):
        load(tmp_path / "none.toml")
