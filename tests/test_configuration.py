"""The configuration file: what it gives, and how its mistakes are told."""

from __future__ import annotations

import os
import pwd
from pathlib import Path

import pytest

from netassist.configuration import BadConfiguration, Settings, load, state_folder
from tests.lab.pki import authority


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
        ("[model]\nthreads = 'two'\n", ["config.toml:2:", "threads must be a whole number"]),
        ('[targets]\n"a" = 5\n', ["config.toml:2:", "'a' must be a host"]),
        ('[targets]\n"a" = "-oX"\n', ["config.toml:2:", "'-oX' is not a host name"]),
        ("[scop]\nallow = []\n", ["config.toml:1:", "no setting 'scop'", "targets, scope, model, ca_file, resolver"]),
        ("targets = 5\n", ["config.toml:1:", "targets must be a table"]),
        ('[scope]\nallow = "a.test"\n', ["config.toml:2:", "allow must be a list of texts"]),
        ('[scope]\nallow = ["a.test"]\ndeny = [\n  "a.test",\n  "-x",\n]\n', ["config.toml:5:", "'-x'"]),
        ('scope.deny = ["-x"]\n', ["config.toml:1:", "'-x'"]),
        ('resolver = "foo"\n', ["config.toml:1:", "no address of a name server"]),
        ('resolver = "192.0.2.1:99999"\n', ["config.toml:1:", "no address of a name server"]),
        ('ca_file = "/nonexistent.pem"\n', ["config.toml:1:", "ca_file: /nonexistent.pem: No such file"]),
        (f'ca_file = "{__file__}"\n', ["config.toml:1:", "no PEM certificates"]),
        ("[model]\nfile = 'x'\nthreads = 0\n", ["config.toml:3:", "not between 1 and"]),
        ("[model]\nthreads = 100000\n", ["config.toml:2:", "not between 1 and"]),
        ('[scope]\ndeny = ["a.test:0"]\n', ["config.toml:2:", "are no ports such as 25"]),
        ('[scope]\nallow = ["0x7f.1"]\n', ["config.toml:2:", "programs read 127.0.0.1 in it"]),
        ('[approval]\nask = ["active", "all"]\n', ["config.toml:2:", "no risk tier 'all'"]),
        ("read_only = 1\n", ["config.toml:1:", "read_only must be true or false"]),
    ],
)
def test_a_mistake_is_told_with_its_line(tmp_path: Path, text: str, words: list[str]) -> None:
    with pytest.raises(BadConfiguration) as bad:
        load(written(tmp_path, text))
    assert all(word in str(bad.value) for word in words), str(bad.value)


def test_scope_by_port_approval_and_read_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NETASSIST_READ_ONLY", raising=False)
    text = 'read_only = true\n[scope]\nallow = ["[2001:db8::/32]:443"]\ndeny = [":25"]\n[approval]\nask = ["active"]\n'
    settings = load(written(tmp_path, text))
    assert (settings.read_only, settings.scope_for().read_only, settings.approval.ask) == (True, True, ("active",))
    assert settings.scope.allow == ("[2001:db8::/32]:443",)
    plain = written(tmp_path, "")
    for value, expected in (("1", True), ("yes", True), ("0", False), ("", False)):
        monkeypatch.setenv("NETASSIST_READ_ONLY", value)
        assert load(plain).read_only is expected


def test_a_file_that_is_named_but_missing_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(BadConfiguration, match="cannot be read"):
        load(tmp_path / "none.toml")


@pytest.mark.parametrize("resolver", ["192.0.2.53", "192.0.2.53:5353", "2001:db8::53", "[2001:db8::53]:5353"])
def test_a_resolver_is_an_address_with_or_without_a_port(tmp_path: Path, resolver: str) -> None:
    assert load(written(tmp_path, f'resolver = "{resolver}"\n')).resolver == resolver


def test_the_flag_for_trust_anchors_is_checked_too_and_beats_the_file(tmp_path: Path) -> None:
    with pytest.raises(BadConfiguration, match=r"--ca-file: /nonexistent\.pem: No such file"):
        load(written(tmp_path, ""), Path("/nonexistent.pem"))
    anchor = authority().anchor(tmp_path)
    assert load(written(tmp_path, 'resolver = "192.0.2.53"\n'), anchor) == Settings(ca_file=str(anchor), resolver="192.0.2.53")


def test_an_empty_home_is_not_the_root_of_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    monkeypatch.setenv("HOME", "")
    assert state_folder() == Path(pwd.getpwuid(os.getuid()).pw_dir, ".local/state/netassist")
