"""When nothing can be recorded, people hear of it all the same."""

from __future__ import annotations

import asyncio

from netassist.monitor.channels import Channel
from netassist.monitor.own_trouble import AGAIN, SIGHT, OwnTrouble
from netassist.monitor.sending import Message, SendFailed
from tests.lab.webhook import receiver
from tests.monitor.sample import NOON, ids

PAGER = Channel(name="pager", kind="webhook", url="http://127.0.0.1:1/")
FULL = "monitor.db: the disk is full"


class Story:
    """Goes from one standing of the store to the next, and keeps what was sent."""

    def __init__(self, *channels: Channel) -> None:
        self.sent: list[tuple[str, str]] = []
        self.now = NOON
        self.own = OwnTrouble(lambda: channels or (PAGER,), ids(), lambda: self.now, self._send)

    async def _send(self, channel: Channel, message: Message, now: float) -> None:
        self.sent.append((channel.name, message.notice.title))
        if channel.name == "broken":
            raise SendFailed("it is broken")

    def goes(self, *standings: tuple[float, str]) -> list[tuple[str, str]]:
        """What was sent by (seconds after noon, trouble)."""

        async def all_of_it() -> None:
            for at, trouble in standings:
                self.now = NOON + at
                await self.own.is_so(trouble)

        asyncio.run(all_of_it())
        return self.sent


CANNOT, CAN = "[critical] netassist cannot record what it measures", "[over] netassist can record again"


def test_trouble_that_lasts_is_told_once_and_so_is_its_end() -> None:
    standings = [(0.0, ""), (10.0, FULL), (69.0, FULL), (70.0, FULL), (500.0, FULL), (600.0, ""), (700.0, "")]
    assert Story().goes(*standings) == [("pager", CANNOT), ("pager", CAN)]


def test_what_is_said_depends_on_what_does_not_work() -> None:
    story = Story()
    story.own = OwnTrouble(lambda: (PAGER,), ids(), lambda: story.now, story._send, words=SIGHT)
    titles = [title for _, title in story.goes((0, "name server"), (60, "name server"), (100, ""))]
    assert titles == [
        "[critical] netassist cannot measure most of what it watches", "[over] netassist can measure again",
    ]  # fmt: skip


def test_trouble_that_is_soon_over_is_not_told() -> None:
    assert Story().goes((0, FULL), (30, ""), (40, FULL), (99, FULL), (99.5, "")) == []


def test_trouble_that_comes_again_and_again_is_not_told_each_time() -> None:
    story = Story()
    story.goes(*((200.0 * turn + at, trouble) for turn in range(10) for at, trouble in ((0, FULL), (90, FULL), (100, ""))))
    assert story.sent == [("pager", CANNOT), ("pager", CAN)]
    story.goes((AGAIN + 9999, FULL), (AGAIN + 9999 + 60, FULL))
    assert story.sent[2:] == [("pager", CANNOT)]


def test_a_channel_that_is_broken_keeps_no_other_from_it_and_one_for_warnings_is_left_alone() -> None:
    broken = Channel(name="broken", url="json://h")
    other = Channel(name="other", url="json://h", levels=("warning",))
    assert Story(broken, other, PAGER).goes((0, FULL), (60, FULL)) == [("broken", CANNOT), ("pager", CANNOT)]


def test_it_reaches_a_real_receiver() -> None:
    async def story() -> None:
        with receiver() as hook:
            times = iter((NOON, NOON + 60))
            channel = Channel(name="hook", kind="webhook", url=hook.url)
            own = OwnTrouble(lambda: (channel,), ids(), lambda: next(times))
            await own.is_so(FULL)
            await own.is_so(FULL)
            [received] = hook.received
            assert FULL.encode() in received.body

    asyncio.run(story())
