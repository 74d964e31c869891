"""The looks and the keys of the terminal UI: tui.toml beside the configuration, read once, every mistake one line.

theme = "netassist-light"
[keys]
"app.findings" = "f7"
"""

from __future__ import annotations

import json
import os
import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from netassist.untrusted import as_text

if TYPE_CHECKING:
    from textual.theme import Theme

NAME = "tui.toml"
LARGEST = 64 << 10
_ID = re.compile(r"[a-z]+\.[a-z]+[0-9]?")


class Preferences(NamedTuple):
    """`keys` are Textual's names of keys, several with commas between them, by the ids of bindings."""

    theme: str = ""
    keys: Mapping[str, str] = MappingProxyType({})
    problems: tuple[str, ...] = ()

    @classmethod
    def read(cls, file: Path | None) -> Preferences:
        """What the file says; what it says wrongly is a problem, and the rest holds."""
        if file is None:
            return cls()
        try:
            with file.open("rb") as stream:
                raw = tomllib.loads(stream.read(LARGEST).decode("utf-8"))
        except FileNotFoundError:
            return cls()
        except (OSError, ValueError) as error:
            return cls(problems=(f"{file}: {as_text(str(error), 200)}; colours and keys are the usual ones",))
        return cls(*_checked(raw, file))

    def theme_of(self, themes: Sequence[Theme]) -> str | None:
        """The theme that is wished for, where there is one of that name."""
        return next((theme.name for theme in themes if self.theme in (theme.name, theme.name.removeprefix("netassist-"))), None)


def _checked(raw: Mapping[str, object], file: Path) -> tuple[str, Mapping[str, str], tuple[str, ...]]:
    others = [key for key in raw if key not in ("theme", "keys")]
    problems = [f"{file}: there is no setting {as_text(key, 60)!r}; there are theme and [keys]" for key in others]
    theme, keys = raw.get("theme", ""), raw.get("keys", {})
    if not isinstance(theme, str):
        problems.append(f"{file}: theme is a name in quotation marks")
    if not isinstance(keys, dict):
        problems.append(f"{file}: [keys] is a table of ids and keys")
        keys = {}
    known = ids()
    good: dict[str, str] = {}
    for id, key in keys.items():
        if id not in known:
            problems.append(f"{file}: there is no binding {as_text(id, 60)!r}; F1 lists them")
        elif not isinstance(key, str) or not key.strip():
            problems.append(f'{file}: the key of {id} is a name such as "ctrl+t"')
        else:
            good[id] = key
    return theme if isinstance(theme, str) else "", good, tuple(problems)


def ids() -> frozenset[str]:
    """The ids of all bindings that can be given another key."""
    from netassist.tui.keys import every_binding

    return frozenset(binding.id for binding in every_binding() if binding.id and _ID.fullmatch(binding.id))


def keep_theme(file: Path, theme: str) -> None:
    """Write the theme into the file and leave everything else of it as it is; raises OSError, ValueError."""
    text = file.read_text(encoding="utf-8") if file.exists() else ""
    setting = f"theme = {json.dumps(theme)}"
    if re.search(r"^theme\s*=.*$", text, re.MULTILINE):
        after = re.sub(r"^theme\s*=.*$", setting, text, count=1, flags=re.MULTILINE)
    else:
        after = f"{setting}\n{text}"
    tomllib.loads(after)
    write(file, after)


def write(file: Path, text: str) -> None:
    """Put a file in place at once, for the user alone where it is new."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = file.resolve()
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    mode = file.stat().st_mode & 0o777 if file.exists() else 0o600
    try:
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, mode), "w", encoding="utf-8") as out:
            out.write(text)
        draft.replace(file)
    finally:
        draft.unlink(missing_ok=True)
