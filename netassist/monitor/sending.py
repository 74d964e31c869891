"""One try to bring a notice to a channel: within its time-out, with errors without secrets, and a mark on what may come twice."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Callable, Sequence
from typing import Literal, TypeVar
from urllib.parse import unquote, urlsplit

import msgspec

from netassist.monitor.alert import Alert, Notice
from netassist.monitor.channels import Channel, ChannelTrouble, address_of, secret_of
from netassist.monitor.times import stamp
from netassist.untrusted import as_text, without_secrets

T = TypeVar("T")
Tone = Literal["info", "success", "warning", "failure"]
MOST_THREADS = 64
"""Tries that may hang at once, those included that were given up."""
_NAME = "netassist-send"
MAY_HAVE_COME = "(This may have come before: it is try {attempt} of the same message.)"


class SendFailed(Exception):
    """The notice did not get through, as far as is known. The message holds no secret.

    `of_notice`: the channel works, and refuses this one. `retry_after`: seconds that the receiver asks for.
    """

    def __init__(self, message: str, *, of_notice: bool = False, retry_after: float = 0.0) -> None:
        super().__init__(message)
        self.of_notice, self.retry_after = of_notice, retry_after


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """What is sent: `attempt` counts from 1; `alerts` are those that it is about, as they are now."""

    notice: Notice
    attempt: int
    alerts: tuple[Alert, ...] = ()

    @property
    def body(self) -> str:
        """With the mark of a second try."""
        again = f"{MAY_HAVE_COME.format(attempt=self.attempt)}\n\n" if self.attempt > 1 else ""
        return again + self.notice.body

    @property
    def tone(self) -> Tone:
        if self.alerts and all(alert.status == "resolved" for alert in self.alerts):
            return "success"
        levels = {alert.level for alert in self.alerts if alert.status != "resolved"}
        return "failure" if "critical" in levels else "warning" if "warning" in levels else "info"


async def send(channel: Channel, message: Message, now: float) -> None:
    """Raises SendFailed, and never takes longer than the channel's time-out, the keyring's time aside."""
    try:
        if channel.url_keyring:
            url, secret = await in_thread(lambda: (address_of(channel), secret_of(channel)))
        else:
            url, secret = address_of(channel), secret_of(channel)
    except ChannelTrouble as trouble:
        raise SendFailed(str(trouble)) from None
    try:
        async with asyncio.timeout(channel.timeout):
            if channel.kind == "webhook":
                from netassist.monitor.webhook import post

                await in_thread(lambda: post(channel, url, secret, message, now))
            else:
                from netassist.monitor.by_apprise import notified

                error = await in_thread(lambda: notified(url, message, channel.timeout))
                if error is not None:
                    raise SendFailed(f"channel {channel.name}: {hidden(error, url, secret)}")
    except TimeoutError:
        raise SendFailed(f"channel {channel.name}: no answer within {channel.timeout:g} s") from None


async def send_test(channel: Channel, now: float, new_id: Callable[[], str]) -> str | None:
    """Send a test alert at once, past the outbox; why it failed, or None where the channel took it."""
    body = f"This is a test of the channel {channel.name}, sent {stamp(now)}. Nothing is wrong; alerts will come this way."
    title = "[test] netassist reaches you"
    notice = Notice(id=new_id(), channel=channel.name, title=title, body=body, alerts=(), made=now, due=now, attempts=1)
    try:
        await send(channel, Message(notice=notice, attempt=1), now)
    except SendFailed as failed:
        return str(failed)
    return None


def hidden(text: str, url: str, secret: bytes | None = None) -> str:
    """One line of `text` without whatever of a URL may be secret: user, password, path and query."""
    for piece in _pieces(url, secret):
        text = text.replace(piece, "…")
    return as_text(without_secrets(text), 300)


def _pieces(url: str, secret: bytes | None) -> Sequence[str]:
    """Longest first, as written and decoded."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return (url,)
    network = parts.netloc.rpartition("@")[0]
    values = [value for pair in parts.query.split("&") for value in (pair.partition("=")[2],)]
    names = [url, network, *network.split(":"), parts.path, *parts.path.split("/"), parts.query, *values]
    if not re.match(r"(?:https?|jsons?|mailtos?)$", parts.scheme):
        names += [parts.netloc]  # where a token stands in the host's place
    names += [secret.decode("utf-8", "replace")] if secret else []
    found = {piece for name in names for piece in (name, unquote(name)) if len(piece) >= 3}
    return sorted(found, key=len, reverse=True)


async def in_thread(work: Callable[[], T]) -> T:
    """What blocks, in a thread that nobody waits for when the program ends, nor when the caller is cancelled.

    Raises SendFailed where too many hang already.
    """
    if sum(thread.name == _NAME for thread in threading.enumerate()) >= MOST_THREADS:
        raise SendFailed("too many tries hang already")
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def hand_over(value: T | None, error: BaseException | None) -> None:
        if future.done():
            return
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(value)  # type: ignore[arg-type]

    def run() -> None:
        value: T | None = None
        error: BaseException | None = None
        try:
            value = work()
        except BaseException as raised:  # noqa: BLE001 - it is handed to who waits
            error = raised
        try:
            loop.call_soon_threadsafe(hand_over, value, error)
        except RuntimeError:
            return  # the loop has ended meanwhile, and nobody waits

    threading.Thread(target=run, daemon=True, name=_NAME).start()
    return await future
