"""Watching a host: which check, of which port; it is written into the monitor's store and the journal."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from netassist.tui.screens.choice import Choice, Offer
from netassist.tui.screens.written import Written
from netassist.untrusted import as_text

if TYPE_CHECKING:
    from netassist.monitor.watch import Check, Watch
    from netassist.tui.deeds import Deeds

CHECKED: tuple[tuple[Check, str, str], ...] = (
    ("icmp", "icmp", "does it answer, and how fast"),
    ("tcp", "tcp", "does a port of your choice accept connections, and how fast"),
    ("https", "https", "does its page come, and how fast"),
    ("http", "http", "the same without TLS"),
    ("certificate", "certificate", "until when is its certificate valid, and is it trusted"),
    ("tls", "tls", "is its TLS graded as before"),
    ("quantum", "quantum", "is its key exchange post-quantum"),
    ("ssh", "ssh", "is its host key the same"),
    ("nmap", "nmap", "are the same ports open"),
    ("smtp", "smtp", "does its mail server answer"),
    ("dns", "dns", "does its name resolve as before"),
)
"""Checks that need no more than a host and a port, and what each watches."""
_ASKED = {"tcp": "", "http": "80"}
"""Those whose port is asked for, and what it usually is."""


async def watched(app: Deeds, host: str, port: int | None) -> None:
    """Ask, and watch the host; `port` is where it speaks TLS."""
    from netassist.assistant.journal import JournalError
    from netassist.monitor.store.trouble import StoreTrouble
    from netassist.monitor.tools import watch_of

    chosen = await app.push_screen_wait(Choice(f"Watch {host}", [Offer(*each) for each in CHECKED]))
    check = next((check for check, _, _ in CHECKED if check == chosen), None)
    if check is None:
        return
    port = port if check in ("certificate", "tls", "quantum", "https") else None
    if check in _ASKED:
        text = "A number from 1 to 65535."
        said = await app.push_screen_wait(
            Written(f"Watch {check} of {host}: which port?", text=text, value=_ASKED[check], wrong=wrong_port)
        )
        if said is None:
            return
        port = int(said)
    try:
        watch = watch_of(host, check, port=None if check == "http" and port == 80 else port)
        await asyncio.to_thread(_put, app, watch)
    except (StoreTrouble, JournalError, ValueError) as error:
        app.say(as_text(str(error), 400))
        return
    app.say(f"Watched every {watch.interval} s: {watch.key}. In Monitor i changes that; the daemon does it: netassist daemon.")


def wrong_port(text: str) -> str:
    right = text.strip().isascii() and text.strip().isdigit() and 1 <= int(text) <= 65535
    return "" if right else "That is no port; write a number from 1 to 65535."


def _put(app: Deeds, watch: Watch) -> None:
    from netassist.toolbox import Call
    from netassist.tui.watching import THROUGH

    with contextlib.closing(app.opened_store(create=True)) as store:
        if any(kept.key == watch.key for kept in store.watches()):
            raise ValueError(f"{watch.key} is watched already.")
        call = Call("monitor_add", {"host": watch.host, "check": watch.check, **({"port": watch.port} if watch.port else {})})
        app.journal.changed(call, app.person(), THROUGH, lambda: store.put_watch(watch, app.clock()))
