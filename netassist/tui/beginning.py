"""The first start: which hosts are yours, who plans, which colours. Each question can be skipped, and answered later."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

from netassist.tui.inventory import added, read_list
from netassist.tui.preferences import write
from netassist.tui.rooms import ASK
from netassist.tui.screens.choice import Choice, Offer
from netassist.tui.screens.written import Written
from netassist.untrusted import as_text

if TYPE_CHECKING:
    from netassist.tui.deeds import Deeds

_ORDER = re.compile(r"^backends\s*=\s*\[[^\]]*\]", re.MULTILINE)
_COLOURS = (
    Offer("netassist-dark", "Dark"),
    Offer("netassist-light", "Light"),
    Offer("netassist-contrast", "High contrast"),
)
_PLANNERS = (
    Offer("testllm", "On this machine alone", "nothing leaves it but probes; needs nothing"),
    Offer(
        "turbollm", "turbollm, and this machine where it fails", "OpenAI or a like server; your questions go there; needs a key"
    ),
    Offer("hugllm", "hugllm, and this machine where it fails", "Hugging Face's router; your questions go there; needs a token"),
)


async def asked(app: Deeds) -> None:
    """Ask, and write what was answered; Esc skips a question."""
    configuration = app.lent.configuration
    if configuration is None:
        app.say("There is no configuration to write to here; netassist config path names yours.")
        return
    hosts = await app.push_screen_wait(
        Written(
            "1 of 3: which hosts are yours?",
            text="One a line, with a name of your own where you like: my server = 192.0.2.7\n"
            "Esc skips; the room Targets adds more at any time.",
            lines=True,
            wrong=_wrong,
        )
    )
    planner = await app.push_screen_wait(Choice("2 of 3: who reads your questions?", _PLANNERS, search=False))
    colours = await app.push_screen_wait(Choice("3 of 3: which colours?", _COLOURS, search=False))
    if colours is not None:
        app.set_theme(colours)
    try:
        if planner in ("turbollm", "hugllm"):
            keep_order(configuration, [planner, "testllm"])
        elif planner is not None and configuration.exists():
            keep_order(configuration, [planner])
        if hosts and (found := read_list(hosts)):
            added(configuration, found)
    except (OSError, ValueError) as error:
        app.say(as_text(str(error), 300))
        return
    # A file that is there is what tells the next start that these questions were asked.
    if app.lent.preferences is not None and not app.lent.preferences.exists():
        app.set_theme(app.theme)
    if configuration.exists():
        app.reload()
    app.say(
        f"{planner} is used from the next start on; its key: netassist doctor says what is missing."
        if planner in ("turbollm", "hugllm")
        else "Ready. Type a question, or ? for examples."
    )
    if app.room == ASK:
        app.ask_room.prompt.focus()


def keep_order(file: Path, backends: list[str]) -> None:
    """Write the order of the backends into the configuration and leave all else as it is; raises OSError, ValueError."""
    text = file.read_text(encoding="utf-8") if file.exists() else ""
    before = tomllib.loads(text)
    if before.get("backends", ["testllm"]) == backends:
        return
    setting = f"backends = {json.dumps(backends)}"
    after = _ORDER.sub(setting, text, count=1) if "backends" in before else f"{setting}\n{text}"
    try:
        right = tomllib.loads(after) == before | {"backends": backends}
    except tomllib.TOMLDecodeError:
        right = False
    if not right:
        raise ValueError(f"{file}: backends is written in a way that is not edited here; set it there yourself")
    write(file, after)


def _wrong(text: str) -> str:
    try:
        read_list(text)
    except ValueError as error:
        return str(error)
    return ""
