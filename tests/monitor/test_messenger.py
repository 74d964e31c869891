"""All of it together, as the daemon runs it: an alert is diagnosed and told by webhook and mail, then its end, over a reload."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from typing import Any

import msgspec
import pytest

from netassist.configuration import Settings
from netassist.monitor.alerting import changed
from netassist.monitor.channels import Channel
from netassist.monitor.diagnosis import Diagnosis
from netassist.monitor.messenger import Messenger, Terms
from netassist.monitor.plan_file import parsed
from netassist.monitor.questions import Question, Turn
from netassist.monitor.store import Store, StoreTrouble
from netassist.monitor.watch import Watch
from netassist.monitor.writer import Written
from tests.assistant.scripted import Scripted, says
from tests.lab.mailbox import mailbox
from tests.lab.webhook import receiver
from tests.monitor.sample import ids, watched, went


def happens(store: Store, messenger: Messenger, watch: Watch, standing: Any, before: Any) -> None:
    """What the engine does of an event."""
    events = [went(watch, standing, time.time(), before, "connection refused")]
    alerts = changed(events, {}, store.unresolved(), watched(watch), time.time(), ids())
    store.record([], events=events, alerts=alerts)
    messenger.told(Written([], events, alerts))


async def stopped(running: asyncio.Task[None]) -> None:
    running.cancel()
    async with asyncio.timeout(60):
        await asyncio.gather(running, return_exceptions=True)


def test_an_alert_is_diagnosed_told_by_webhook_and_mail_and_so_is_its_end(store: Store, closed: Watch) -> None:
    store.put_watch(closed, time.time())

    async def story() -> None:
        with receiver(500) as hook, mailbox() as box:
            channels = (
                Channel(name="hook", kind="webhook", url=hook.url, wait=0),
                Channel(name="mail", url=box.url, wait=0),
            )
            terms = Terms(channels=channels, diagnosis=Diagnosis(tools=("tcp_check",)))
            messenger = Messenger(store, terms, Settings())
            running = asyncio.create_task(messenger.run())
            happens(store, messenger, closed, "down", "up")
            [mail] = await asyncio.to_thread(box.wait_for, 1)
            assert mail["Subject"] == f"[critical] 127.0.0.1 port {closed.port} (tcp) is down"
            text = mail.get_content()
            assert "measured:" in text
            assert "tcp_check: " in text
            assert "take it on: netassist monitor ack 00000001" in text
            happens(store, messenger, closed, "up", "down")
            _, over = await asyncio.to_thread(box.wait_for, 2)
            assert over["Subject"].startswith(f"[over] 127.0.0.1 port {closed.port} (tcp) is down no more")
            messenger.reload(Terms(channels=channels[:1]))
            await asyncio.to_thread(hook.wait_for, 1)
            await stopped(running)

    asyncio.run(story())
    found = store.alert("00000001")
    assert found is not None
    assert (found.status, found.told) == ("resolved", "resolved")


def test_a_scheduled_question_is_answered_by_mail(store: Store) -> None:
    question = Question(name="morning", text="is 127.0.0.1 up?", every="60s", channels=("mail",))
    store.put("question morning", msgspec.json.encode(Turn(time.time() - 3600, time.time() - 7200)).decode())

    async def story() -> None:
        with mailbox() as box:
            terms = Terms(channels=(Channel(name="mail", url=box.url),), questions=(question,))
            messenger = Messenger(store, terms, Settings(), lambda _: Scripted(says("It is up.")))
            running = asyncio.create_task(messenger.run())
            [mail] = await asyncio.to_thread(box.wait_for, 1)
            assert mail["Subject"] == "[answer] morning"
            assert "It is up." in mail.get_content()
            await stopped(running)

    asyncio.run(story())


def test_trouble_with_the_store_is_said_once_and_what_waits_is_told_after_it(
    store: Store, closed: Watch, caplog: pytest.LogCaptureFixture
) -> None:
    class Full:
        broken = True

        def __getattr__(self, name: str) -> Any:
            if self.broken and name == "put":
                raise StoreTrouble("full", "the disk is full")
            return getattr(store, name)

    async def story() -> None:
        with receiver() as hook:
            full = Full()
            messenger = Messenger(full, Terms(channels=(Channel(name="hook", kind="webhook", url=hook.url, wait=0),)), Settings())  # type: ignore[arg-type]
            happens(store, messenger, closed, "down", "up")
            for _ in range(3):
                with pytest.raises(StoreTrouble):
                    await messenger.tick()
            full.broken = False
            await messenger.tick()
            await messenger.outbox.once()
            [received] = hook.received
            assert json.loads(received.body)["title"].endswith("is down")

    store.put_watch(closed, time.time())
    with caplog.at_level(logging.INFO):
        asyncio.run(story())


def test_a_test_alert_goes_to_the_channel_of_that_name(store: Store) -> None:
    async def story() -> None:
        with receiver(200, 500) as hook:
            messenger = Messenger(store, Terms(channels=(Channel(name="hook", kind="webhook", url=hook.url),)), Settings())
            assert await messenger.test("hook") is None
            assert await messenger.test("hook") == "channel hook: HTTP 500"
            with pytest.raises(ValueError, match="there is no channel 'other'; there are hook"):
                await messenger.test("other")

    asyncio.run(story())


PLAN = """
[[channel]]
name = "mail"
url_env = "MAIL_URL"
levels = ["critical", "warning"]
repeat = "4h"

[[channel]]
name = "hook"
kind = "webhook"
url = "https://hooks.example.org/x"
secret_file = "/etc/netassist/hook.secret"

[quiet]
hours = ["monday-friday 22:00-07:00", "saturday,sunday 00:00-24:00"]
zone = "Europe/Berlin"

[diagnosis]
tools = ["dns_lookup", "ping", "traceroute"]

[[question]]
name = "certificates"
text = "every Monday: what changed in our certificates?"
at = "monday 08:00"
zone = "Europe/Berlin"
channels = ["mail"]
"""


def test_the_terms_are_those_of_monitor_toml() -> None:
    plan = parsed(PLAN, "monitor.toml")
    terms = Terms(channels=plan.channels, quiet=plan.quiet, questions=plan.questions, diagnosis=plan.diagnosis)
    assert [channel.name for channel in terms.channels] == ["mail", "hook"]
    assert terms.quiet is not None
    assert terms.questions[0].channels == ("mail",)
