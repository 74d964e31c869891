"""The user's configuration: one TOML file, read once, every mistake named with its line.

Flag > environment (`NETASSIST_CONFIG` names another file) > the file > defaults.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Literal, get_args

import msgspec

from netassist import remotes
from netassist.scope import Scope, parse_rule
from netassist.targets import parse_address, parse_network, parse_target


class BadConfiguration(ValueError):
    """The configuration cannot be used; the message names the file, the line and what is wrong."""


class ScopeRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Hosts, networks and suffixes (``.example.org``), with ports (``host:25``, ``:25``) or without; deny wins."""

    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()


Tier = Literal["passive", "active", "intrusive", "change"]
TIERS: tuple[Tier, ...] = get_args(Tier)


class ApprovalRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Risk tiers that are asked about, besides ``intrusive`` and ``change``, which always are."""

    ask: tuple[Tier, ...] = ()


class ModelChoice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The local model: `file` is a GGUF or the name of one that was fetched; the built-in one where left out.

    `threads` are all usable cores where left out.
    """

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
    approval: ApprovalRules = ApprovalRules()
    read_only: bool = False
    backends: tuple[remotes.BackendId, ...] = ("testllm",)
    privacy: remotes.Privacy = "off"
    turbollm: remotes.RemoteChoice = remotes.RemoteChoice()
    hugllm: remotes.RemoteChoice = remotes.RemoteChoice()

    @property
    def inventory(self) -> dict[str, str]:
        """`targets` with their names in small letters, as they are looked up."""
        return {name.lower(): host for name, host in self.targets.items()}

    def scope_for(self, *named: str) -> Scope:
        """The scope of a request that names these hosts."""
        return Scope(allow=self.scope.allow, deny=self.scope.deny, read_only=self.read_only).naming(*named)


def configuration_file() -> Path:
    """``NETASSIST_CONFIG``, or netassist/config.toml in the user's configuration folder (XDG)."""
    named = os.environ.get("NETASSIST_CONFIG")
    return Path(named) if named else _folder("XDG_CONFIG_HOME", ".config") / "config.toml"


def tools_folder() -> Path:
    """Where the user's own tools are, in the user's configuration folder (XDG); it may not exist."""
    return _folder("XDG_CONFIG_HOME", ".config") / "tools"


def state_folder() -> Path:
    """Where the journal is kept (XDG_STATE_HOME); it may not exist yet."""
    return _folder("XDG_STATE_HOME", ".local/state")


def data_folder() -> Path:
    """Where models that were fetched are kept (XDG_DATA_HOME); it may not exist yet."""
    return _folder("XDG_DATA_HOME", ".local/share")


def cache_folder() -> Path:
    """Where is kept what can be computed again (XDG_CACHE_HOME); it may not exist yet."""
    return _folder("XDG_CACHE_HOME", ".cache")


def load(path: Path | None = None, ca_file: Path | None = None) -> Settings:
    """The settings in `path`, or in the user's file, or the defaults where there is none; `ca_file` is a flag's.

    ``NETASSIST_READ_ONLY`` (which ``--read-only`` sets, so that every process of a command has it) makes any of them read-only.

    Raises:
        BadConfiguration: it cannot be read, is not TOML, or holds what no setting takes.
    """
    file = path or configuration_file()
    optional = path is None and "NETASSIST_CONFIG" not in os.environ
    settings = Settings() if optional and not file.exists() else _read(file)
    if ca_file is not None:
        settings = msgspec.structs.replace(settings, ca_file=str(ca_file))
        if wrong := _wrong_anchors(str(ca_file)):
            raise BadConfiguration(f"--ca-file: {wrong}")
    if os.environ.get("NETASSIST_READ_ONLY", "").lower() not in ("", "0", "false", "no"):
        settings = msgspec.structs.replace(settings, read_only=True)
    return settings


def most_threads() -> int:
    """Threads beyond which a model is only slowed down."""
    return 4 * (os.cpu_count() or 1)


def check_threads(threads: int) -> int:
    """The number itself; raises ValueError outside 1 to `most_threads()`."""
    if not 1 <= threads <= most_threads():
        raise ValueError(f"{threads} threads are not between 1 and {most_threads()}")
    return threads


def _read(file: Path) -> Settings:
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadConfiguration(f"{file}: cannot be read: {getattr(error, 'strerror', None) or error}") from None
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadConfiguration(f"{file}: {error}") from None
    for path, wrong in _mistakes(raw):
        line = line_of(text, path)
        raise BadConfiguration(f"{file}:{f'{line}:' if line else ''} {wrong}")
    return msgspec.convert(raw, Settings)


_WORDS = {dict: "a table", list: "a list of texts", str: "a text in quotation marks", int: "a whole number",
          bool: "true or false", float: "a number"}  # fmt: skip
_SETTINGS: dict[str, dict[str, type]] = {
    "": {"targets": dict, "scope": dict, "model": dict, "ca_file": str, "resolver": str, "approval": dict, "read_only": bool,
         "backends": list, "privacy": str, **dict.fromkeys(remotes.REMOTE, dict)},
    "scope": {"allow": list, "deny": list},
    "model": {"file": str, "threads": int},
    "approval": {"ask": list},
    **dict.fromkeys(remotes.REMOTE, remotes.KINDS),
}  # fmt: skip


def _mistakes(raw: dict[str, object]) -> Iterator[tuple[tuple[str, ...], str]]:
    """Where the file holds what no setting takes (table, key, text of a list), and why."""
    well_formed = True
    for table, kinds in _SETTINGS.items():
        values = raw if not table else raw.get(table, {})
        for key, value in values.items() if isinstance(values, dict) else ():
            where, path = f"[{table}] " if table else "", (table, key) if table else (key,)
            kind = kinds.get(key)
            if kind is None:
                well_formed = False
                yield path, f"{where}there is no setting {key!r}; there are {', '.join(kinds)}"
            elif not _is_of(value, kind):
                well_formed = False
                yield path, f"{where}{key} must be {_WORDS[kind]}"
    if well_formed:
        yield from _unusable(raw)


def _is_of(value: object, kind: type) -> bool:
    if isinstance(value, bool) or kind is bool:
        return isinstance(value, bool) and kind is bool
    return isinstance(value, (int, float) if kind is float else kind) and (kind is not list or _texts(value))


def _unusable(raw: dict[str, object]) -> Iterator[tuple[tuple[str, ...], str]]:
    """Values of the right type that mean nothing."""
    for name, host in _table(raw, "targets"):
        if not isinstance(host, str):
            yield ("targets", name), f"[targets] {name!r} must be a host, an address or a network, in quotation marks"
        elif not name.strip():
            yield ("targets", name), "[targets] a name is empty"
        elif wrong := _wrong_target(host):
            yield ("targets", name), f"[targets] {wrong}"
    for key, rules in _table(raw, "scope"):
        for rule in rules if isinstance(rules, list) else ():
            if wrong := _wrong_rule(rule):
                yield ("scope", key, rule), f"[scope] {wrong}"
    for tier in next((asked for _, asked in _table(raw, "approval") if isinstance(asked, list)), ()):
        if tier not in TIERS:
            yield ("approval", "ask", tier), f"[approval] there is no risk tier {tier!r}; there are {', '.join(TIERS)}"
    for key, value in _table(raw, "model"):
        if key == "threads" and isinstance(value, int) and not 1 <= value <= most_threads():
            yield ("model", key), f"[model] {value} threads are not between 1 and {most_threads()}"
    if (resolver := raw.get("resolver")) is not None and not _is_resolver(str(resolver)):
        yield ("resolver",), f"resolver {resolver!r} is no address of a name server, such as 192.0.2.53 or [2001:db8::53]:5353"
    if (ca_file := raw.get("ca_file")) is not None and (wrong := _wrong_anchors(str(ca_file))):
        yield ("ca_file",), f"ca_file: {wrong}"
    for name, wrong in remotes.unusable_order(raw["backends"]) if "backends" in raw else ():
        yield ("", "backends", name) if name else ("backends",), wrong
    if raw.get("privacy", "off") not in remotes.PRIVACY:
        yield ("privacy",), f"privacy is one of {', '.join(remotes.PRIVACY)}"
    for table in remotes.REMOTE:
        values = dict(_table(raw, table))
        for key, wrong in remotes.unusable(values):
            yield (table, key), f"[{table}] {wrong}"
        if (ca_file := values.get("ca_file")) is not None and (wrong := _wrong_anchors(str(ca_file))):
            yield (table, "ca_file"), f"[{table}] ca_file: {wrong}"


def _table(raw: dict[str, object], name: str) -> Iterable[tuple[str, object]]:
    table = raw.get(name, {})
    return table.items() if isinstance(table, dict) else ()


def _texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _wrong_target(host: str) -> str | None:
    try:
        if parse_network(host) is None:
            parse_target(host)
    except ValueError as error:
        return str(error)
    return None


def _wrong_rule(rule: str) -> str | None:
    try:
        parse_rule(rule)
    except ValueError as error:
        return str(error)
    return None


def _is_resolver(text: str) -> bool:
    host, colon, port = text.rpartition(":")
    if parse_address(text) is not None:
        return True
    fits = bool(colon) and parse_address(host) is not None and port.isascii() and port.isdigit()
    return fits and 1 <= int(port) <= 65535 and ("." in host or host.startswith("["))


def _wrong_anchors(ca_file: str) -> str | None:
    """Why a file of trust anchors cannot be used."""
    import ssl

    path = Path(ca_file).expanduser()
    try:
        path.read_bytes()
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(path)
    except ssl.SSLError:
        return f"{path}: there are no PEM certificates in it"
    except OSError as error:
        return f"{path}: {error.strerror}"
    return None


def line_of(text: str, path: Sequence[str]) -> int | None:
    """The line (from 1) of TOML where `path` (table, key, text of a list) is written; None where that cannot be told."""
    *tables, key = path[:2]
    table, inside, found = "".join(tables), "", None
    for number, line in enumerate(text.splitlines(), 1):
        if found is None and (header := re.match(r"""\s*\[\s*["']?([^\]"']*?)["']?\s*\]""", line)):
            inside = header[1]
            found = number if not table and inside.split(".")[0] == key else None
        elif found is None:
            elsewhere = table and not inside and _sets(line, table) and key in line
            found = number if elsewhere or (inside == table and _sets(line, key)) else None
        if found is not None and (len(path) < 3 or f'"{path[2]}"' in line or f"'{path[2]}'" in line):
            return number
    return found


def _sets(line: str, key: str) -> bool:
    """Whether a line of TOML gives `key` a value, or begins a dotted key with it."""
    return re.match(rf"""\s*(["']?){re.escape(key)}\1\s*[=.]""", line) is not None


def _folder(variable: str, fallback: str) -> Path:
    base = os.environ.get(variable)
    return (Path(base) if base and Path(base).is_absolute() else _home() / fallback) / "netassist"


def _home() -> Path:
    """The user's folder: ``HOME``, or where that is empty or not absolute, what the password database says."""
    named = os.environ.get("HOME", "")
    if Path(named).is_absolute():
        return Path(named)
    import pwd

    try:
        return Path(pwd.getpwuid(os.getuid()).pw_dir)
    except KeyError:
        raise BadConfiguration("it is not known where your files are kept; set HOME") from None
