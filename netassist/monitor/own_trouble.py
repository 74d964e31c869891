"""Trouble of the daemon's own is told past the outbox, which stands in the store that may be in trouble: once, not durably."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import NamedTuple

from netassist.monitor.alert import Notice
from netassist.monitor.channels import Channel
from netassist.monitor.outbox import Send
from netassist.monitor.sending import Message, SendFailed, send
from netassist.monitor.times import stamp
from netassist.reports.words import lasting
from netassist.untrusted import as_text

PATIENCE = 60.0
"""Seconds of trouble before anybody is told."""
AGAIN = 6 * 3600.0
"""Seconds before people are told of such trouble another time."""
_log = logging.getLogger(__name__)


class Words(NamedTuple):
    """What is said of one kind of trouble: a title, and what goes on; a title when it is over, and what was meanwhile."""

    begun: str
    meanwhile: str
    over: str
    after: str


RECORDS = Words(
    "netassist cannot record what it measures", "Watching goes on, and alerts wait.", "netassist can record again",
    "alerts of that time follow",
)  # fmt: skip
SIGHT = Words(
    "netassist cannot measure most of what it watches", "Nothing is said of the hosts meanwhile.", "netassist can measure again",
    "how the hosts were is not known",
)  # fmt: skip


class OwnTrouble:
    """Told again and again of how the daemon does, it tells people when that becomes bad for long, and when it is over."""

    def __init__(
        self, channels: Callable[[], Sequence[Channel]], new_id: Callable[[], str], now: Callable[[], float], send: Send = send,
        words: Words = RECORDS,
    ) -> None:  # fmt: skip
        self._channels, self._new_id, self._now, self._send, self._words = channels, new_id, now, send, words
        self._since: float | None = None
        self._told_at: float | None = None
        self._told = False

    async def is_so(self, trouble: str) -> None:
        """It is in `trouble`, or in none where that is empty."""
        now = self._now()
        if not trouble:
            since, told, self._since, self._told = self._since, self._told, None, False
            if told and since is not None:
                body = f"It could not for {lasting(now - since)}; {self._words.after}."
                await self._tell(f"[over] {self._words.over}", body, now)
            return
        if self._since is None or self._since > now:
            self._since = now
        recent = self._told_at is not None and 0 <= now - self._told_at < AGAIN
        if not self._told and not recent and now - self._since >= PATIENCE:
            self._told, self._told_at = True, now
            body = f"Since {stamp(self._since)}: {as_text(trouble, 500)}\n\n{self._words.meanwhile}"
            await self._tell(f"[critical] {self._words.begun}", body, now)

    async def _tell(self, title: str, body: str, now: float) -> None:
        chosen = [channel for channel in self._channels() if "critical" in channel.levels and not channel.groups]
        await asyncio.gather(*(self._tell_one(channel, title, body, now) for channel in chosen))

    async def _tell_one(self, channel: Channel, title: str, body: str, now: float) -> None:
        notice = Notice(id=self._new_id(), channel=channel.name, title=title, body=body, alerts=(), made=now, due=now)
        try:
            await self._send(channel, Message(notice=notice, attempt=1), now)
        except SendFailed as failed:
            _log.error("nobody is told: %s; %s", title, failed)
