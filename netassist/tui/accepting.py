"""Accepting a finding: why, and for how long; written as an exception into the project file of this folder."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from netassist.tui.preferences import write
from netassist.tui.screens.choice import Choice, Offer
from netassist.tui.screens.written import Written
from netassist.untrusted import as_text

if TYPE_CHECKING:
    from netassist.tui.deeds import Deeds

DAYS = (90, 30, 365)


async def accepted(app: Deeds, rule: str, where: str) -> bool:
    """Ask, and write the exception; False where the person has left, or it could not be written."""
    from netassist.audit import project
    from netassist.configuration import BadConfiguration

    file = project.found(Path.cwd()) or Path.cwd() / project.NAME
    reason = await app.push_screen_wait(
        Written(
            f"Accept {rule} at {where}",
            text=f"Why? It is written to {file}; netassist and netassist audit heed it in this folder, and nowhere else.",
            wrong=lambda text: "" if text.strip() else "An accepted finding needs a reason.",
        )
    )
    until = await _until(app) if reason is not None else None
    if reason is None or until is None:
        return False
    said = {"rule": json.dumps(rule), "target": json.dumps(where), "reason": _toml(reason), "expires": str(until)}
    entry = "\n".join(["[[exceptions]]", *(f"{name} = {value}" for name, value in said.items()), ""])
    try:
        before = file.read_text(encoding="utf-8") if file.exists() else ""
        write(file, f"{before.rstrip()}\n\n{entry}" if before.strip() else entry)
        project.read(file)
    except (OSError, BadConfiguration) as error:
        app.say(as_text(str(error), 300))
        return False
    app.say(f"Accepted until {until}: {file}.")
    return True


async def _until(app: Deeds) -> date | None:
    """The day on which it is to be thought of again."""
    today = date.today()
    offers = [Offer(str(days), f"{days} days", f"until {today + timedelta(days=days)}") for days in DAYS]
    chosen = await app.push_screen_wait(Choice("For how long?", [*offers, Offer("date", "Until a day of my own")], search=False))
    if chosen != "date":
        return today + timedelta(days=int(chosen)) if chosen is not None else None
    text = "The last day on which it is accepted, as in 2027-03-31."
    said = await app.push_screen_wait(Written("Until when?", text=text, value=str(today + timedelta(days=DAYS[0])), wrong=_wrong))
    return date.fromisoformat(said.strip()) if said is not None else None


def _wrong(text: str) -> str:
    try:
        return "" if date.fromisoformat(text.strip()) > date.today() else "That day is over; an exception ends in the future."
    except ValueError:
        return "That is no day; write it as 2027-03-31."


def _toml(text: str) -> str:
    return json.dumps(as_text(text, 300), ensure_ascii=False).replace("\x7f", "\\u007f")
