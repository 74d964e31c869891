"""The user's configuration: one TOML file, read once, every mistake named with its line.

Flag > environment (`NETASSIST_CONFIG` names another file) > the file > defaults.
"""

from __future__ import annotations

import os
import re
import tomllib
from pathlib import Path

import msgspec

from netassist.scope import Scope
from netassist.targets import parse_network, parse_target


class BadConfiguration(ValueError):
    """The configuration cannot be used; the message names the file, the line and what is wrong."""


class ScopeRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Hosts, networks and suffixes (``.example.org``); deny wins."""

    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()


class ModelChoice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The local model: `file` is a GGUF (the built-in one where left out), `threads` all usable cores where left out."""

    file: str | None = None
    threads: int | None = None


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the configuration file may hold.

    `targets` maps names of the user's own ("my server", "the nas") to the hosts or networks they stand for.
    """

    targets: dict[str, str] = {}
    scope: ScopeRules = ScopeRules()
    model: ModelChoice = ModelChoice()
    ca_file: str | None = None
    resolver: str | None = None

    @property
    def inventory(self) -> dict[str, str]:
        """`targets` with their names in small letters, as they are looked up."""
        return {name.lower(): host for name, host in self.targets.items()}

    def scope_for(self, *named: str) -> Scope:
        """The scope of a request that names these hosts."""
        return Scope(allow=self.scope.allow, deny=self.scope.deny).naming(*named)


def configuration_file() -> Path:
    """``NETASSIST_CONFIG``, or netassist/config.toml in the user's configuration folder (XDG)."""
    named = os.environ.get("NETASSIST_CONFIG")
    return Path(named) if named else _folder("XDG_CONFIG_HOME", ".config") / "config.toml"


def state_folder() -> Path:
    """Where the journal is kept (XDG_STATE_HOME); it may not exist yet."""
    return _folder("XDG_STATE_HOME", ".local/state")


def load(path: Path | None = None) -> Settings:
    """The settings in `path`, or in the user's file, or the defaults where there is none.

    Raises:
        BadConfiguration: it cannot be read, is not TOML, or holds what no setting takes.
    """
    file = path or configuration_file()
    if not file.exists() and path is None and "NETASSIST_CONFIG" not in os.environ:
        return Settings()
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadConfiguration(f"{file}: cannot be read: {getattr(error, 'strerror', None) or error}") from None
    try:
        settings = msgspec.convert(tomllib.loads(text), Settings)
    except tomllib.TOMLDecodeError as error:
        raise BadConfiguration(f"{file}: {error}") from None
    except msgspec.ValidationError as error:
        raise BadConfiguration(f"{file}:{_line_of(text, str(error))}{error}") from None
    for name, host in settings.targets.items():
        _check(file, text, "targets", name, host)
    for rule in (*settings.scope.allow, *settings.scope.deny):
        _check(file, text, "scope", rule, rule.removeprefix("."))
    return settings


def _check(file: Path, text: str, table: str, key: str, host: str) -> None:
    try:
        if not key.strip():
            raise ValueError("a name is empty")
        if parse_network(host) is None:
            parse_target(host)
    except ValueError as error:
        raise BadConfiguration(f"{file}:{_line_of(text, f'`{key}`')}[{table}] {error}") from None


def _line_of(text: str, message: str) -> str:
    """``12: `` for the first line that holds the word that a message quotes; empty where there is none."""
    quoted = re.search(r"`([^`]+)`", message) if "unknown field" in message or message.startswith("`") else None
    word = quoted[1] if quoted else (re.search(r"\$\.[\w.\[\]]*?(\w+)(?:\[.*\])?`?$", message) or ["", ""])[1]
    numbers = (number for number, line in enumerate(text.splitlines(), 1) if word and word in line)
    number = next(numbers, None)
    return f"{number}: " if number else " "


def _folder(variable: str, fallback: str) -> Path:
    base = os.environ.get(variable)
    return (Path(base) if base and Path(base).is_absolute() else Path.home() / fallback) / "netassist"
