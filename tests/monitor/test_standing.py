"""What `daemon status` says of channels that take nothing."""

from __future__ import annotations

from pathlib import Path

from netassist.configuration import Settings
from netassist.monitor.engine import Engine
from netassist.monitor.standing import Asked, asked, failing, status
from netassist.monitor.store import Store
from tests.monitor.sample import NOON, notice


def test_a_channel_whose_newest_try_failed_is_named_until_it_takes_something(store: Store) -> None:
    store.enqueue([notice("n1", due=NOON), notice("n2", made=NOON + 1), notice("n3", "mail")], {})
    assert asked(store).failing == ()
    store.begun("n1", NOON)
    store.failed("n1", "channel hook: connection refused", NOON + 10)
    [words] = asked(store).failing
    assert words == "channel hook fails: connection refused; 2 messages not delivered after 1 try"
    store.begun("n1", NOON + 10)
    store.delivered("n1", NOON + 11)
    assert asked(store).failing == ()


def test_a_channel_whose_last_message_was_given_up_is_named() -> None:
    lost = notice("n1", attempts=20, error="HTTP 500", given_up=True)
    assert [*failing([lost])] == ["channel hook fails: the last message was given up; HTTP 500"]
    assert [*failing([notice("n2", delivered=NOON + 1), lost])] == []


def test_a_channel_that_fails_is_trouble_and_what_is_held_is_named(store: Store) -> None:
    engine = Engine(store, Settings())
    known = Asked("here", failing=("channel hook fails: HTTP 500",))
    held = ("channel mail: 1 alert gathered",)
    found = status(engine, known, since=NOON, plan=Path("plan"), plan_trouble="", where=(), held=held)
    engine.close()
    assert (found.trouble, found.waiting) == (("channel hook fails: HTTP 500",), held)
