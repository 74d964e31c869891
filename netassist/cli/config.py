"""``netassist config``: what the configuration says, where each setting comes from, and what may leave this machine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
from cyclopts import App, Parameter

from netassist.cli.options import Config, Format

if TYPE_CHECKING:
    from netassist.configuration import Settings
    from netassist.remotes import RemoteChoice

app = App(name="config", help_format="plaintext", help_formatter="plain")


class Setting(msgspec.Struct, frozen=True):
    """One setting, its name with the table's (``scope.deny``). `origin` is the file and line, ``default``, or a variable."""

    name: str
    value: object
    origin: str


class Leaves(msgspec.Struct, frozen=True):
    """What goes to a backend that is not on this machine."""

    backend: str
    to: str
    what: str


class Shown(msgspec.Struct, frozen=True, tag_field="schema", tag="netassist/config/1"):
    file: str
    settings: tuple[Setting, ...]
    leaves: tuple[Leaves, ...]


@app.command
def show(
    *,
    origin: Annotated[bool, Parameter(help="Tell where each setting comes from.", negative="")] = False,
    format: Format = "text",
    config: Config = None,
) -> int:
    """Show the settings in force, and what may leave this machine, and to where."""
    from netassist.configuration import configuration_file, load

    settings, file = load(config), config or configuration_file()
    found = Shown(str(file), tuple(_settings(settings, file)), tuple(_leaves(settings)))
    if format == "json":
        from netassist.cli.output import show_json

        show_json(found)
        return 0
    lines = [_line(setting) for setting in found.settings]
    width = max(map(len, lines))
    for line, setting in zip(lines, found.settings, strict=True):
        print(f"{line:{width}}  # {setting.origin}" if origin else line)
    if not found.leaves:
        print("\nNothing leaves this machine to be planned: the model is on it.")
    for leaving in found.leaves:
        print(f"\nWhat leaves this machine to be planned, to {leaving.backend} at {leaving.to}:\n{leaving.what}")
    return 0


@app.command
def path(*, config: Config = None) -> int:
    """Print the path of the configuration file, whether it is there or not."""
    from netassist.configuration import configuration_file

    print(config or configuration_file())
    return 0


def _leaves(settings: Settings) -> Iterator[Leaves]:
    if settings.backends != ("testllm",):
        from netassist.backends.configured import leaves

        yield from (Leaves(*row) for row in leaves(settings))


def _settings(settings: Settings, file: Path) -> Iterator[Setting]:
    """Every setting by its name, those of a table after each other."""
    from netassist.configuration import line_of
    from netassist.remotes import RemoteChoice

    text = file.read_text(encoding="utf-8") if file.exists() else ""
    defaults = type(settings)()
    for name in settings.__struct_fields__:
        value, default = getattr(settings, name), getattr(defaults, name)
        rows: list[tuple[tuple[str, ...], object, object]]
        if isinstance(value, RemoteChoice):
            rows = list(_remote(name, value, name in settings.backends))
        elif isinstance(value, msgspec.Struct):
            rows = [((name, field), getattr(value, field), getattr(default, field)) for field in value.__struct_fields__]
        elif isinstance(value, dict):
            rows = [((name, key), item, None) for key, item in value.items()]
        else:
            rows = [((name,), value, default)]
        for where, item, usual in rows:
            line = line_of(text, where) if text else None
            origin = f"{file}:{line}" if line is not None else "default" if item == usual else _elsewhere(where, file)
            yield Setting(".".join(map(_key, where)), _showable(where[-1], item), origin)


def _remote(name: str, choice: RemoteChoice, used: bool) -> Iterator[tuple[tuple[str, ...], object, object]]:
    """What is said of a remote backend, and where it is, if it is used."""
    from netassist.remotes import DEFAULTS

    [default] = [default for backend, default in DEFAULTS.items() if backend == name]
    usual = {"base_url": default.base_url, "model": default.model}
    for field, unset in zip(choice.__struct_fields__, choice.__struct_defaults__, strict=True):
        value = getattr(choice, field)
        if value != unset or (used and field in usual):
            yield (name, field), usual.get(field) if value == unset else value, usual.get(field, unset)


def _elsewhere(where: tuple[str, ...], file: Path) -> str:
    """What else sets a setting: a variable, or the file, on a line that could not be told."""
    return "NETASSIST_READ_ONLY" if where == ("read_only",) else str(file)


def _showable(name: str, value: object) -> object:
    """A command's arguments are not shown: a password may stand among them."""
    if name == "key_command" and isinstance(value, tuple) and len(value) > 1:
        return [value[0], "…"]
    return list(value) if isinstance(value, tuple) else value


def _key(name: str) -> str:
    return name if name.replace("_", "").replace("-", "").isalnum() and name.isascii() else _toml(name)


def _line(setting: Setting) -> str:
    """The setting as TOML, which knows no null."""
    return f"# {setting.name} is not set" if setting.value is None else f"{setting.name} = {_toml(setting.value)}"


def _toml(value: object) -> str:
    import json

    from netassist.untrusted import as_text

    return as_text(json.dumps(value, ensure_ascii=False), 500)
