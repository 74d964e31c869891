"""monitor.toml: what is watched and who is told, as code. Every mistake is named with its file, line and column.

It is read whole or not at all. Sections that other modules own are converted into their types here and checked by them.
"""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from netassist.configuration import BadConfiguration, state_folder, tools_folder
from netassist.monitor.api import Api
from netassist.monitor.channels import Channel
from netassist.monitor.diagnosis import Diagnosis
from netassist.monitor.page import Page
from netassist.monitor.plan_place import Path as Place
from netassist.monitor.plan_place import place_of
from netassist.monitor.questions import Question
from netassist.monitor.quiet import Quiet
from netassist.monitor.states import cycle
from netassist.monitor.store.values import Retention, Window
from netassist.monitor.times import seconds_of
from netassist.monitor.validity import check_given, check_watch, check_window, in_words, nearest
from netassist.monitor.watch import Limits, Watch
from netassist.targets import host_of

if TYPE_CHECKING:
    from netassist.monitor.store import Store

T = TypeVar("T", bound=msgspec.Struct)

LARGEST = 16 << 20
"""Bytes of one file."""
_LISTS = ("watch", "maintenance", "channel", "question")
_TABLES = ("defaults", "quiet", "diagnosis", "page", "api", "retention", "watch", "maintenance", "channel", "question")


class Defaults(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """``[defaults]``: what holds for each watch of the file that does not say otherwise."""

    interval: int | str = 300
    failures: int = 2
    of: int = 3
    group: str = ""
    tags: dict[str, str] = {}
    parents: tuple[str, ...] = ()
    public: bool = False
    limits: Limits = Limits()


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What a monitor.toml says; `store` is a file's path or a database's URL, None for the usual SQLite file."""

    watches: tuple[Watch, ...] = ()
    windows: tuple[Window, ...] = ()
    channels: tuple[Channel, ...] = ()
    questions: tuple[Question, ...] = ()
    quiet: Quiet | None = None
    diagnosis: Diagnosis = Diagnosis()
    page: Page = Page()
    api: Api = Api()
    retention: Retention = Retention()
    store: str | None = None


def plan_file() -> Path:
    """monitor.toml in the user's configuration folder (XDG); it may not exist."""
    return tools_folder().parent / "monitor.toml"


def read_plan(file: Path) -> Plan:
    """The plan in a file. Raises BadConfiguration: ``FILE:LINE:COLUMN: what is wrong``."""
    try:
        with file.open("rb") as opened:
            raw = opened.read(LARGEST + 1)
        text = raw.decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadConfiguration(f"{file}: cannot be read: {getattr(error, 'strerror', None) or error}") from None
    if len(raw) > LARGEST:
        raise BadConfiguration(f"{file}: larger than {LARGEST >> 20} MB")
    return parsed(text, str(file))


def store_of(file: Path | None = None) -> str | None:
    """The store that a plan names (the usual one for None), also where the rest of it is wrong, so that a daemon that runs can
    still be reached; None for the usual store. Raises BadConfiguration where a file that was named cannot be read.
    """
    place = file or plan_file()
    if file is None and not place.exists():
        return None
    try:
        return read_plan(place).store
    except BadConfiguration:
        try:
            text = place.read_text("utf-8")
        except (OSError, UnicodeDecodeError):
            raise
        named = re.search(r"""^store\s*=\s*(["'])(.+?)\1""", text, re.MULTILINE)
        if named is None and not (state_folder() / "monitor.db").exists():
            raise  # there is nothing that could be reached in spite of it
        return named[2] if named else None


def parsed(text: str, name: str) -> Plan:
    """The plan in a text; `name` stands for it in what is raised."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadConfiguration(_syntax(name, str(error), text)) from None
    reader = _Reader(raw)
    try:
        return reader.plan()
    except _Wrong as wrong:
        line, column = place_of(text, wrong.path)
        raise BadConfiguration(f"{name}:{line}:{column}: {wrong}") from None


def apply(store: Store, plan: Plan, at: float) -> None:
    """Have the store hold what the plan says: its watches, and its maintenance windows beside those that were added."""
    store.set_file_watches(plan.watches, at)
    kept = {window.name: window for window in store.windows()}
    planned = {window.name: window for window in plan.windows}
    before = store.get("windows of monitor.toml")
    for name in (before or "").split("\n"):
        if name and name not in planned:
            store.remove_window(name)
    for name, window in planned.items():
        if kept.get(name) != window:
            store.put_window(window)
    listed = "\n".join(planned)
    if listed != (before or ""):
        store.put("windows of monitor.toml", listed)


class _Wrong(ValueError):
    """A mistake, and the path of tables, places and keys to where it stands."""

    def __init__(self, path: Place, message: str) -> None:
        super().__init__(message)
        self.path = path


class _Reader:
    """Goes through what TOML gave, section by section."""

    def __init__(self, raw: Mapping[str, Any]) -> None:
        self._raw = raw

    def plan(self) -> Plan:
        for key, value in self._raw.items():
            if key != "store" and key not in _TABLES:
                raise _Wrong((key,), f"there is no section {key!r}; there are store, {', '.join(_TABLES)}")
            if key in _TABLES and not isinstance(value, list if key in _LISTS else dict):
                raise _Wrong((key,), f"{key} must be written as {f'[[{key}]]' if key in _LISTS else f'[{key}]'}")
        store = self._raw.get("store")
        if store is not None and not (isinstance(store, str) and ("://" in store or store.startswith("/"))):
            raise _Wrong(("store",), "store must be a file's whole path, or a database's URL such as postgresql://user@host/name")
        quiet = self._table("quiet", Quiet) if "quiet" in self._raw else None
        return Plan(
            watches=self._watches(self._table("defaults", Defaults)),
            windows=self._named("maintenance", _Maintenance, _Maintenance.window),
            channels=self._named("channel", Channel, lambda channel: channel),
            questions=self._questions(),
            quiet=quiet,
            diagnosis=self._table("diagnosis", Diagnosis),
            page=self._table("page", Page),
            api=self._table("api", Api),
            retention=self._table("retention", Retention),
            store=store,
        )

    def _table(self, name: str, kind: type[T]) -> T:
        return _converted(self._raw.get(name, {}), kind, (name,))

    def _named(self, name: str, kind: type[T], made: Callable[[T], Any]) -> tuple[Any, ...]:
        found: dict[str, Any] = {}
        for place, raw in enumerate(self._raw.get(name, [])):
            value = made(_converted(raw, kind, (name, place)))
            if value.name in found:
                raise _Wrong((name, place, "name"), f"there are two of the name {value.name!r}")
            found[value.name] = value
        return tuple(found.values())

    def _questions(self) -> tuple[Question, ...]:
        questions = self._named("question", Question, lambda question: question)
        known = {raw.get("name") for raw in self._raw.get("channel", []) if isinstance(raw, dict)}
        for place, question in enumerate(questions):
            for channel in question.channels:
                if channel not in known:
                    raise _Wrong(("question", place, "channels"), f"there is no channel {channel!r}")
        return questions

    def _watches(self, defaults: Defaults) -> tuple[Watch, ...]:
        found: dict[str, Watch] = {}
        places: dict[str, int] = {}
        for place, raw in enumerate(self._raw.get("watch", [])):
            for watch in _watch(raw, defaults, ("watch", place)):
                if watch.key in found:
                    raise _Wrong(("watch", place, "host"), f"{watch.key} is watched twice")
                found[watch.key], places[watch.key] = watch, place
        hosts = {name for watch in found.values() for name in (watch.host, host_of(watch.host))}
        for key, watch in found.items():
            for parent in watch.parents:
                if parent not in found and parent not in hosts:
                    why = f"no watch of this file has the key or the host {parent!r}{nearest(parent, {*found, *hosts})}"
                    raise _Wrong(("watch", places[key], "parents"), why)
        circle = cycle(found)
        if circle:
            raise _Wrong(("watch", places[circle[0]], "parents"), f"these lie behind one another: {' → '.join(circle)}")
        return tuple(found.values())


class _Written(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One ``[[watch]]``: `check` may be several, `interval` a text; what is left out is as in ``[defaults]``."""

    host: str
    check: str | tuple[str, ...]
    port: int | None = None
    interval: int | str | None = None
    enabled: bool = True
    failures: int | None = None
    of: int | None = None
    limits: dict[str, Any] = {}
    parents: tuple[str, ...] | None = None
    group: str | None = None
    tags: dict[str, str] | None = None
    public: bool | None = None


class _Maintenance(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One ``[[maintenance]]``; times are TOML's, with their offset from UTC."""

    name: str
    starts: datetime
    ends: datetime
    watches: tuple[str, ...] = ()
    weekly: bool = False

    def window(self) -> Window:
        return Window(
            name=self.name, watches=self.watches, starts=self.starts.timestamp(), ends=self.ends.timestamp(), weekly=self.weekly
        )

    def __post_init__(self) -> None:
        if self.starts.tzinfo is None or self.ends.tzinfo is None:
            raise ValueError("starts and ends need their offset from UTC, as in 2026-12-01T22:00:00+01:00")
        check_window(self.window())


def _watch(raw: object, defaults: Defaults, path: Place) -> Iterator[Watch]:
    written = _converted(raw, _Written, path)
    checks = (written.check,) if isinstance(written.check, str) else written.check
    limits = msgspec.to_builtins(defaults.limits) | written.limits
    values: dict[str, Any] = {
        "host": written.host,
        "port": written.port,
        "interval": _seconds(written.interval if written.interval is not None else defaults.interval, path),
        "enabled": written.enabled,
        "limits": _converted(limits, Limits, (*path, "limits")),
        "source": "file",
        "tags": {**defaults.tags, **(written.tags or {})},
    }
    for name in ("failures", "of", "parents", "group", "public"):
        own = getattr(written, name)
        values[name] = own if own is not None else getattr(defaults, name)
    try:
        check_given(written.limits, checks)
    except ValueError as error:
        raise _Wrong((*path, "limits", str(error).partition(" ")[0]), str(error)) from None
    for check in checks or ("",):
        watch = Watch(check=check, **values)  # type: ignore[arg-type]
        try:
            check_watch(watch)
        except ValueError as error:
            name = _told_by(str(error))
            inside = ("limits", name) if name in Limits.__struct_fields__ else (name,)
            raise _Wrong((*path, *inside), str(error)) from None
        yield watch


def _seconds(written: int | str, path: Place) -> int:
    try:
        seconds = seconds_of(written)
    except ValueError as error:
        raise _Wrong((*path, "interval"), str(error)) from None
    if not math.isfinite(seconds) or seconds != int(seconds):
        raise _Wrong((*path, "interval"), f"interval {written!r} is no whole number of seconds")
    return int(seconds)


def _told_by(message: str) -> str:
    """The setting that `check_watch` speaks of."""
    if message.startswith("there is no check"):
        return "check"
    names = (*Limits.__struct_fields__, *Watch.__struct_fields__)
    return next((name for name in names if message.startswith(f"{name} ")), "host")


def _converted(raw: object, kind: type[T], path: Place) -> T:
    """Raises _Wrong with the path that msgspec names."""
    try:
        return msgspec.convert(_plain(raw), kind)
    except msgspec.ValidationError as error:
        message, _, where = str(error).partition(" - at `$")
        inside = tuple(int(part[1:-1]) if part.startswith("[") and part[1:-1].isdigit() else part
                       for part in where.rstrip("`").replace("[", ".[").split(".") if part)  # fmt: skip
        unknown = message.partition("unknown field `")[2].rstrip("`")
        fields = f"; there are {', '.join(kind.__struct_fields__)}" if unknown and not inside else ""
        words = f"there is no setting {unknown!r}{fields}" if unknown else in_words(message)
        if unknown in Limits.__struct_fields__ and not inside:
            words = f"{unknown} is a limit; write limits = {{ {unknown} = … }}"
        missing = message.partition("missing required field `")[2].rstrip("`")
        words = f"{missing} is missing" if missing else words
        key = inside[-1] if inside and isinstance(inside[-1], str) else ""
        if not (inside or unknown or missing):
            inside = _meant(raw, words)
        raise _Wrong((*path, *inside, *((unknown,) if unknown else ())), f"{key}: {words}" if key else words) from None


def _meant(raw: object, message: str) -> Place:
    """The setting that a message of a type's own check is about: the one whose value it repeats, else whose name."""
    settings = [(key, value) for key, value in raw.items() if value != ""] if isinstance(raw, dict) else []
    for key, value in settings:
        if any(isinstance(one, str) and repr(one) in message for one in (value if isinstance(value, list) else [value])):
            return (key,)
    return next(((key,) for key, _ in settings if re.search(rf"\b{re.escape(key)}\b", message)), ())


def _plain(raw: object) -> object:
    """Dates stay; a bare day becomes text, which no setting takes."""
    return str(raw) if isinstance(raw, date) and not isinstance(raw, datetime) else raw


def _syntax(name: str, message: str, text: str) -> str:
    """TOML's own message, with the place in front."""
    words, _, place = message.rpartition(" (at ")
    if place.startswith("end of document"):
        lines = text.splitlines() or [""]
        return f"{name}:{len(lines)}:{len(lines[-1]) + 1}: {words}"
    numbers = [part for part in place.rstrip(")").replace(",", " ").split() if part.isdigit()]
    return f"{name}:{':'.join(numbers)}: {words}" if len(numbers) == 2 else f"{name}:1:1: {message}"
