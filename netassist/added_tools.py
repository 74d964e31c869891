"""Tools that users and packages add: files of the same form as tools/*.json.

Users put theirs into ``netassist/tools/`` of their configuration folder, with the handlers in Python files beside them. A
package names one of its own packages in the entry point group ``netassist.tools``; the JSON files in its folder are tools. What
cannot be used is left out and said, and the others go on.
"""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
import inspect
import keyword
import os
import re
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import msgspec

from netassist.configuration import tools_folder
from netassist.network import Network
from netassist.observations import Failed, Failure, FailureKind, Report, Stopwatch, schema_of
from netassist.toolbox import TYPES, Call, Tool, built_in, targets_of
from netassist.untrusted import as_text

GROUP = "netassist.tools"
OWN = "netassist_own_tools"
"""The package as which Python files in the user's folder are imported."""
LARGEST, MOST_FILES, MOST_PARAMETERS = 64 << 10, 200, 20
GRACE = 2.0
"""Seconds beyond its deadline that a handler gets to report what it has."""
_NAME = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*")
_HANDLER = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*", re.ASCII)
_SCHEMA = re.compile(r"(?!netassist/)[a-z][\w.-]*/[a-z][\w-]*/\d+")


class Added(NamedTuple):
    """Tools in alphabetical order, and a line on each file that is not used: where it is, why, what to do."""

    tools: tuple[Tool, ...]
    problems: tuple[str, ...]


class ToolFailed(Report, frozen=True, kw_only=True, tag="netassist/added_tool/1"):
    """An added tool that came to no report of its own; `error` says why."""


class _Unusable(ValueError):
    """The message says why, without the file's name."""


@cache
def added() -> Added:
    """What is there, read once."""
    return found(tools_folder())


def found(folder: Path) -> Added:
    """The tools in the user's `folder` and of installed packages. The first of a name counts, and built-in ones are first."""
    tools: dict[str, Tool] = {}
    problems: list[str] = []
    for place, package in [(folder, ""), *_packages(problems)]:
        for file in _files(place, package, problems):
            try:
                tool = _read(file, package)
                if tool.name in built_in():
                    raise _Unusable(f"{tool.name!r} is the name of a built-in tool; give it another")
                if tool.name in tools:
                    raise _Unusable(f"{tool.name!r} is there already, from {tools[tool.name].origin}; give it another name")
                tools[tool.name] = tool
            except _Unusable as error:
                problems.append(as_text(f"{file}: {error}", 600))
    return Added(tuple(tools[name] for name in sorted(tools)), tuple(problems))


def _files(folder: Path, package: str, problems: list[str]) -> list[Path]:
    """The tool files in a folder; none of the user's where others could have put something into it."""
    try:
        files = sorted(folder.glob("*.json"))
        if not package and folder.exists():
            check_private(folder)
    except _Unusable as error:
        problems.append(as_text(f"{error}; none of the tools in {folder} is used", 600))
        return []
    except OSError as error:
        problems.append(as_text(f"{folder}: cannot be read: {error.strerror}", 600))
        return []
    if len(files) > MOST_FILES:
        problems.append(f"{folder}: {len(files)} tools; the first {MOST_FILES} are used")
    return files[:MOST_FILES]


def check_private(folder: Path) -> None:
    """Raises ValueError where another user could change what is in `folder`, which netassist would run."""
    whole = folder.resolve()
    # A folder above that anybody may write to is safe where it is sticky: nobody but its owner may rename what it holds.
    for above in whole.parents:
        _check_owner(above, sticky=True)
    _check_owner(whole)
    for number, inside in enumerate(sorted(whole.rglob("*"))):
        if number >= 10 * MOST_FILES:
            raise _Unusable(f"{whole}: more than {10 * MOST_FILES} files; keep only tools there")
        _check_owner(inside)
        if inside.is_symlink() and not inside.resolve().is_relative_to(whole):
            raise _Unusable(f"{inside}: a link out of the folder; copy the file there")


def _check_owner(path: Path, *, sticky: bool = False) -> None:
    about = path.stat()
    if about.st_uid not in (0, os.geteuid()):
        raise _Unusable(f"{path}: belongs to another user; make it yours")
    if about.st_mode & 0o022 and not (sticky and about.st_mode & 0o1000):
        raise _Unusable(f"{path}: others may write to it; run chmod go-w {path}")


def _packages(problems: list[str]) -> Iterator[tuple[Path, str]]:
    """The folder and the distribution of each entry point of the group."""
    if not _any_entry_point():
        return
    from importlib.metadata import entry_points

    for point in sorted(entry_points(group=GROUP), key=lambda point: point.value):
        package = point.dist.name if point.dist else point.value
        try:
            spec = importlib.util.find_spec(point.value)
        except Exception as error:  # noqa: BLE001 - a package above it is imported, which may do anything
            problems.append(as_text(f"{package}: {point.value} cannot be imported: {type(error).__name__}: {error}", 600))
            continue
        if spec is None or not spec.submodule_search_locations:
            problems.append(f"{package}: its entry point names {point.value}, which is no package; tell its makers")
            continue
        yield from ((Path(place), package) for place in spec.submodule_search_locations)


def _any_entry_point() -> bool:
    """Whether an installed package names the group. importlib.metadata takes ten times as long to say no."""
    for place in sys.path:
        try:
            names = [entry.path for entry in os.scandir(place or ".") if entry.name.endswith((".dist-info", ".egg-info"))]
        except OSError:
            continue
        for name in names:
            try:
                if f"[{GROUP}]" in Path(name, "entry_points.txt").read_text(encoding="utf-8", errors="replace"):
                    return True
            except OSError:
                continue
    return False


def _read(file: Path, package: str) -> Tool:
    try:
        with file.open("rb") as stream:
            data = stream.read(LARGEST + 1)
    except OSError as error:
        raise _Unusable(f"cannot be read: {error.strerror}") from None
    if len(data) > LARGEST:
        raise _Unusable(f"more than {LARGEST:,} bytes, which is no tool")
    try:
        tool = msgspec.json.decode(data, type=Tool)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _Unusable(f"not a tool: {error}") from None
    _check(tool)
    tool = _cleaned(tool, package or str(file))
    assert tool.handler is not None  # noqa: S101 - checked
    if not package and _own_module(file.parent, tool.handler):
        return msgspec.structs.replace(tool, handler=f"{OWN}.{tool.handler}")
    module = tool.handler.partition(":")[0]
    try:
        there = importlib.util.find_spec(module) is not None
    except Exception as error:  # noqa: BLE001 - a package above it is imported, which may do anything
        raise _Unusable(f"handler: {module} cannot be imported: {type(error).__name__}: {error}") from None
    if not there:
        beside = "" if package else f" beside this file ({module.partition('.')[0]}.py) nor"
        raise _Unusable(f"handler: there is no module {module}{beside} among the installed packages")
    return tool


def _own_module(folder: Path, handler: str) -> bool:
    first = handler.partition(":")[0].partition(".")[0]
    return (folder / f"{first}.py").is_file() or (folder / first).is_dir()


def _check(tool: Tool) -> None:
    """Raises _Unusable where a model could not be told of the tool, or its calls could not be checked."""
    properties = tool.parameters.properties
    if not _NAME.fullmatch(tool.name) or len(tool.name) > 64:
        raise _Unusable(f"name: {tool.name!r} is not made of small letters, digits and single underscores")
    if not tool.description.strip():
        raise _Unusable("description: it is empty, and a model chooses by it")
    if not tool.handler or not _HANDLER.fullmatch(tool.handler):
        raise _Unusable(f"handler: {tool.handler!r} is not module:function")
    if not 0 < tool.deadline_s <= 86400:
        raise _Unusable(f"deadline_s: {tool.deadline_s} is not between 0 and 86400 seconds")
    if len(properties) > MOST_PARAMETERS:
        raise _Unusable(f"parameters: {len(properties)}; {MOST_PARAMETERS} is the most")
    for name in tool.parameters.required:
        if name not in properties:
            raise _Unusable(f"required: there is no parameter {name!r}")
    for name, parameter in properties.items():
        kind = TYPES[parameter.type]
        if not (name.isascii() and name.isidentifier()) or keyword.iskeyword(name) or name == "network":
            raise _Unusable(f"parameter {name!r}: a handler cannot have an argument of this name")
        if parameter.default is not None and type(parameter.default) is not kind:
            raise _Unusable(f"parameter {name}: its default {parameter.default!r} is not of type {parameter.type}")
        if parameter.enum is not None and (parameter.type != "string" or not parameter.enum):
            raise _Unusable(f"parameter {name}: an enum is a list of texts, for type string")
        if parameter.enum and any(value != as_text(value, 100) or re.search(r'["\\<>|⟨⟩]', value) for value in parameter.enum):
            raise _Unusable(f"parameter {name}: the values of an enum are short and have no quotation marks or brackets")
        number = parameter.role(name) in ("port", "count", "interval", "hours")
        if parameter.like is not None and (number != (parameter.type == "integer") or parameter.enum):
            raise _Unusable(f"parameter {name}: like {parameter.like} is for type {'integer' if number else 'string'}, no enum")


def _cleaned(tool: Tool, origin: str) -> Tool:
    """Its words as one line each, without what a prompt or a terminal would act on."""
    properties = {
        name: msgspec.structs.replace(parameter, description=as_text(parameter.description, 500))
        for name, parameter in tool.parameters.properties.items()
    }
    return msgspec.structs.replace(
        tool,
        description=as_text(tool.description, 1000),
        parameters=msgspec.structs.replace(tool.parameters, properties=properties),
        examples=tuple(as_text(example, 200) for example in tool.examples[:10]),
        origin=origin,
    )


async def ran(tool: Tool, call: Call, network: Network) -> Report:
    """What the tool's handler reports; a failed report where there is none, or where it raises or does not end."""
    watch = Stopwatch()

    def failed(kind: FailureKind, why: str) -> ToolFailed:
        error = Failure(kind, as_text(f"{tool.name} ({tool.origin}): {why}", 600))
        return ToolFailed(target=" ".join(targets_of(call)) or tool.name, status="failed", error=error, **watch.stamp())

    try:
        handler = _handler(tool)
    except Exception as error:  # noqa: BLE001 - other people's code
        return failed("missing_program", f"its handler {tool.handler} cannot be had: {type(error).__name__}: {error}")
    if not inspect.iscoroutinefunction(handler):
        return failed("missing_program", f"its handler {tool.handler} is no async function")
    try:
        async with asyncio.timeout(tool.deadline_s + GRACE) as limit:
            report: object = await handler(network, **call.arguments)
    except Failed as error:
        return failed(error.failure.kind, error.failure.message)
    except Exception as error:  # noqa: BLE001 - other people's code
        if limit.expired():
            return failed("timeout", f"no report within {tool.deadline_s:g} seconds (deadline_s)")
        return failed("protocol", f"its handler failed: {type(error).__name__}: {error}")
    if not isinstance(report, Report):
        return failed("protocol", f"its handler gave a {type(report).__name__} instead of a Report")
    if not _SCHEMA.fullmatch(schema_of(report)):
        return failed("protocol", f"the tag of its report is {schema_of(report)!r}, which is not OWNER/NAME/1")
    return report


def _handler(tool: Tool) -> object:
    assert tool.handler is not None  # noqa: S101 - no added tool is without
    module, _, function = tool.handler.partition(":")
    if module.startswith(f"{OWN}."):
        folder = str(Path(tool.origin).parent)
        if OWN not in sys.modules:
            package = ModuleType(OWN)
            package.__path__ = [folder]
            sys.modules[OWN] = package
        # Checked again, because the file is run only now.
        check_private(Path(folder))
    handler: object = getattr(importlib.import_module(module), function)
    return handler
