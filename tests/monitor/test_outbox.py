"""Notices in a real store reach real receivers: retried, marked, side by side, whatever the clock or the disk does."""

from __future__ import annotations

import asyncio
import logging
import threading
from typing import Any

import pytest

from netassist.monitor.alert import Notice
from netassist.monitor.channels import Channel
from netassist.monitor.outbox import Outbox, back_off
from netassist.monitor.sending import Message, SendFailed
from netassist.monitor.store import Store, StoreTrouble
from tests.lab.mailbox import mailbox
from tests.lab.webhook import receiver
from tests.monitor.sample import NOON, alert, notice


class Clock:
    """Stands still until it is set."""

    def __init__(self, at: float = NOON) -> None:
        self.at = at

    def __call__(self) -> float:
        return self.at


def outbox(store: Any, *channels: Channel, clock: Clock | None = None, **others: Any) -> Outbox:
    return Outbox(store, lambda: channels, now=clock or Clock(), chance=lambda: 0.5, **others)


def kept(store: Store) -> Notice:
    [only] = store.notices()
    return only


def hook(url: str, name: str = "hook", **others: Any) -> Channel:
    return Channel(name=name, kind="webhook", url=url, **others)


def test_the_tries_are_further_and_further_apart_up_to_an_hour() -> None:
    assert [back_off(attempt, 0.5) for attempt in (1, 2, 3, 9, 10, 50)] == [10, 20, 40, 2560, 3600, 3600]
    assert back_off(1, 0.0) == pytest.approx(8)
    assert back_off(1, 1.0) == pytest.approx(12)


def test_a_server_that_fails_and_then_takes_it_is_tried_again_later_and_told_so(store: Store) -> None:
    store.put_alert(alert())
    store.enqueue([notice(alerts=("a0000001",))], {})
    clock = Clock()

    async def story() -> None:
        with receiver(500, 200) as server:
            box = outbox(store, hook(server.url), clock=clock)
            await box.once()
            waits = kept(store)
            assert (waits.attempts, waits.delivered, waits.error, waits.due) == (1, None, "channel hook: HTTP 500", NOON + 10)
            clock.at = NOON + 9
            await box.once()
            assert len(server.received) == 1
            clock.at = NOON + 10
            await box.once()
            assert [received.headers["x-netassist-attempt"] for received in server.received] == ["1", "2"]
            assert {received.headers["x-netassist-id"] for received in server.received} == {"n1"}
            assert b'"a0000001"' in server.received[0].body
            await box.once()
            assert len(server.received) == 2

    asyncio.run(story())
    done = kept(store)
    assert (done.attempts, done.delivered, done.error, done.given_up) == (2, NOON + 10, "", False)


def test_a_program_that_was_killed_in_the_middle_tries_again_and_says_so(store: Store) -> None:
    store.enqueue([notice()], {})
    clock = Clock()

    async def killed() -> None:
        with receiver("hang") as server:
            box = outbox(store, hook(server.url, timeout=30.0), clock=clock)
            await box.begin()
            await asyncio.to_thread(server.wait_for, 1)
            await box.stop()

    async def after() -> None:
        with receiver() as server:
            box = outbox(store, hook(server.url), clock=clock)
            await box.once()
            assert server.received == []
            clock.at = NOON + 40
            await box.once()
            assert [received.headers["x-netassist-attempt"] for received in server.received] == ["2"]

    asyncio.run(killed())
    assert (kept(store).attempts, kept(store).delivered) == (1, None)
    asyncio.run(after())
    assert kept(store).delivered == NOON + 40


def test_a_slow_channel_holds_up_no_other_and_everything_stops_at_once(store: Store) -> None:
    store.enqueue([notice(id="slow", channel="slow"), notice(id="mail", channel="mail")], {})
    store.enqueue([notice(id=f"n{number}") for number in range(5)], {})

    async def story() -> None:
        with receiver("hang") as slow, receiver() as quick, mailbox() as box:
            channels = (hook(slow.url, "slow", timeout=120.0), hook(quick.url), Channel(name="mail", url=box.url))
            running = asyncio.create_task(outbox(store, *channels).run())
            await asyncio.to_thread(quick.wait_for, 5)
            await asyncio.to_thread(box.wait_for, 1)
            await asyncio.to_thread(slow.wait_for, 1)
            running.cancel()
            async with asyncio.timeout(60):
                await asyncio.gather(running, return_exceptions=True)

    asyncio.run(story())
    assert {each.id: each.attempts for each in store.notices() if each.delivered is None}["slow"] == 1


def test_a_hanging_mail_server_does_not_hold_up_the_end_of_the_program(store: Store) -> None:
    import socket

    store.enqueue([notice(channel="mail")], {})

    async def story(url: str, silent: socket.socket) -> None:
        running = asyncio.create_task(outbox(store, Channel(name="mail", url=url, timeout=120.0)).run())
        await asyncio.to_thread(silent.accept)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"mailto://127.0.0.1:{silent.getsockname()[1]}/?from=a@lab.test&to=b@lab.test&mode=insecure"
        program = threading.Thread(target=lambda: asyncio.run(story(url, silent)), daemon=True)
        program.start()
        program.join(60)
        assert not program.is_alive()
    assert kept(store).attempts == 1


def test_the_order_of_a_channel_is_that_in_which_notices_were_made(store: Store) -> None:
    store.enqueue([notice(id=f"z{9 - number}", made=NOON - 9 + number, due=NOON - number) for number in range(9)], {})

    async def story() -> list[str]:
        with receiver() as server:
            await outbox(store, hook(server.url)).once()
            return [received.headers["x-netassist-id"] for received in server.received]

    assert asyncio.run(story()) == [f"z{9 - number}" for number in range(9)]


def test_a_broken_channel_rests_and_its_many_notices_keep_no_other_waiting(store: Store) -> None:
    store.enqueue([notice(id=f"b{number:03}", channel="broken", due=NOON - 100) for number in range(200)], {})
    store.enqueue([notice()], {})
    tried: list[str] = []

    async def send(channel: Channel, message: Message, now: float) -> None:
        tried.append(channel.name)
        if channel.name == "broken":
            raise SendFailed("it is broken")

    async def story() -> None:
        clock = Clock()
        box = outbox(store, hook("http://127.0.0.1:1/", "broken"), hook("http://127.0.0.1:1/"), clock=clock, send=send)
        await box.once()
        await box.once()
        assert sorted(tried) == ["broken", "hook"]
        clock.at += 11
        await box.once()
        assert tried.count("broken") == 2

    asyncio.run(story())


def test_one_notice_that_is_refused_keeps_the_others_of_its_channel_from_nothing(store: Store) -> None:
    store.enqueue([notice(id="n1"), notice(id="n2")], {})

    async def story() -> None:
        with receiver(400, 200) as server:
            await outbox(store, hook(server.url)).once()

    asyncio.run(story())
    assert {each.id: each.delivered for each in store.notices()} == {"n1": None, "n2": NOON}


def test_it_is_given_up_after_two_days_of_tries_and_said_so(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    store.enqueue([notice()], {})
    clock = Clock()

    async def send(channel: Channel, message: Message, now: float) -> None:
        raise SendFailed("HTTP 500")

    async def story() -> int:
        box = outbox(store, hook("http://127.0.0.1:1/"), clock=clock, send=send)
        for tries in range(1, 200):
            await box.once()
            if kept(store).given_up:
                return tries
            clock.at = max(kept(store).due, clock.at + 3700)
        return 0

    with caplog.at_level(logging.ERROR):
        tries = asyncio.run(story())
    assert 40 < tries < 60
    assert clock.at - NOON >= 2 * 86400
    assert "given up after" in caplog.text
    assert store.due(clock.at + 99999) == []


def test_a_clock_that_jumps_a_year_ahead_gives_nothing_up(store: Store) -> None:
    store.enqueue([notice()], {})

    async def story() -> None:
        with receiver(500) as server:
            await outbox(store, hook(server.url), clock=Clock(NOON + 365 * 86400)).once()

    asyncio.run(story())
    assert not kept(store).given_up


def test_a_clock_that_was_set_back_a_year_keeps_nothing_for_a_year(store: Store) -> None:
    clock = Clock(NOON + 365 * 86400)

    async def story() -> None:
        with receiver(500, 200) as server:
            box = outbox(store, hook(server.url), clock=clock)
            store.enqueue([notice(made=clock.at, due=clock.at)], {})
            await box.once()
            clock.at = NOON
            await box.once()
            assert len(server.received) == 2

    asyncio.run(story())
    assert kept(store).delivered == NOON


def test_a_channel_that_is_gone_is_told_of_and_comes_back(store: Store) -> None:
    store.enqueue([notice()], {})
    clock = Clock()

    async def story() -> None:
        await outbox(store, clock=clock).once()
        assert "there is no channel hook in monitor.toml" in kept(store).error
        with receiver() as server:
            clock.at += 60
            await outbox(store, hook(server.url), clock=clock).once()

    asyncio.run(story())
    assert kept(store).delivered == NOON + 60


class Troubled:
    """A store of which one method fails while `broken`."""

    def __init__(self, store: Store, name: str) -> None:
        self._store, self._name, self.broken = store, name, True

    def __getattr__(self, name: str) -> Any:
        if name == self._name and self.broken:
            raise StoreTrouble("full", "the disk is full")
        return getattr(self._store, name)


def test_nothing_leaves_that_cannot_be_written_down(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    store.enqueue([notice()], {})
    clock, full = Clock(), Troubled(store, "begun")

    async def story() -> None:
        with receiver() as server, caplog.at_level(logging.INFO):
            box = outbox(full, hook(server.url), clock=clock)
            await box.once()
            assert server.received == []
            assert "messages wait, for nothing can be written down: the disk is full" in caplog.text
            full.broken = False
            clock.at += 20
            await box.once()
            assert len(server.received) == 1

    asyncio.run(story())
    assert kept(store).delivered == NOON + 20


def test_what_was_delivered_and_could_not_be_written_down_is_not_sent_again(store: Store) -> None:
    store.enqueue([notice()], {})
    clock, full = Clock(), Troubled(store, "delivered")

    async def story() -> None:
        with receiver() as server:
            box = outbox(full, hook(server.url), clock=clock)
            await box.once()
            clock.at += 3600
            await box.once()
            full.broken = False
            await box.once()
            assert len(server.received) == 1

    asyncio.run(story())
    assert kept(store).delivered == NOON
