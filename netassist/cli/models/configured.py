"""Writing ``[model] file`` into the user's configuration, and leaving everything else of it as it is."""

from __future__ import annotations

import json
import os
import re
import tomllib
from pathlib import Path

from netassist.configuration import BadConfiguration, line_of

_HEADER = re.compile(r"\s*\[\s*model\s*\]\s*(?:#.*)?")


def set_model(file: Path, model: str | None) -> None:
    """Name `model` in the configuration, or none. Raises BadConfiguration where that would change anything else."""
    try:
        text = file.read_text(encoding="utf-8") if file.exists() else ""
        before = tomllib.loads(text)
    except (OSError, ValueError) as error:
        raise BadConfiguration(f"{file}: {getattr(error, 'strerror', None) or error}; mend it first") from None
    after = edited(text, model)
    wanted = _with(before, model)
    try:
        right = _without_empty(tomllib.loads(after)) == wanted
    except tomllib.TOMLDecodeError:
        right = False
    if not right:
        line = f"file = {_quoted(model)}" if model else "no file"
        raise BadConfiguration(f"{file}: [model] is written in a way that is not edited here; write there yourself: {line}")
    _write(file, after)


def edited(text: str, model: str | None) -> str:
    """The configuration with another model; comments, order and spacing stay."""
    lines = text.splitlines(keepends=True)
    at = line_of(text, ("model", "file"))
    if at is not None:
        kept = re.match(r"""(\s*(?:["']?model["']?\s*\.\s*)?["']?file["']?\s*=\s*).*""", lines[at - 1])
        if model is None:
            del lines[at - 1]
        elif kept:
            lines[at - 1] = f"{kept[1]}{_quoted(model)}\n"
        return "".join(lines)
    if model is None:
        return text
    header = next((number for number, line in enumerate(lines) if _HEADER.fullmatch(line.rstrip("\n"))), None)
    if header is not None:
        lines[header] = lines[header].rstrip("\n") + "\n"
        lines.insert(header + 1, f"file = {_quoted(model)}\n")
        return "".join(lines)
    gap = "" if not text else "\n" if text.endswith("\n") else "\n\n"
    return f"{text}{gap}[model]\nfile = {_quoted(model)}\n"


def _with(raw: dict[str, object], model: str | None) -> dict[str, object]:
    table = raw.get("model", {})
    kept = {key: value for key, value in table.items() if key != "file"} if isinstance(table, dict) else {}
    return _without_empty(raw | {"model": kept | ({"file": model} if model is not None else {})})


def _without_empty(raw: dict[str, object]) -> dict[str, object]:
    """An empty [model] says what none says."""
    return {key: value for key, value in raw.items() if key != "model" or value != {}}


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _write(file: Path, text: str) -> None:
    file = file.resolve()
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        draft.write_text(text, encoding="utf-8")
        if file.exists():
            draft.chmod(file.stat().st_mode & 0o777)
        draft.replace(file)
    finally:
        draft.unlink(missing_ok=True)
