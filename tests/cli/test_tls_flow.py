"""Many audits at a time: how many run, what a slow or absent reader does, and what is left when one cannot go on."""

from __future__ import annotations

import asyncio
import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from netassist.assistant.journal import Journal, JournalError
from netassist.cli.many.auditor import Auditor
from netassist.cli.many.flow import Flow
from netassist.cli.many.hosts import Place
from netassist.cli.many.orders import Form, Order, Row, Terms
from netassist.cli.many.sink import Sink
from netassist.cli.many.tally import Progress, Tally
from netassist.configuration import Settings


class Counting:
    """Audits that are done at once, of a given size; `begun` is how many, `most` how many at the same time."""

    def __init__(self, size: int = 1, broken_at: int | None = None) -> None:
        self.begun = self.most = self._now = 0
        self._size, self._broken_at = size, broken_at

    async def audit(self, order: Order) -> tuple[Row, bytes]:
        self.begun += 1
        self._now += 1
        self.most = max(self.most, self._now)
        await asyncio.sleep(0)
        self._now -= 1
        if self.begun == self._broken_at:
            raise JournalError("the journal cannot be written")
        return Row(number=order.number, target=order.host, status="ok"), b"x" * (self._size - 1) + b"\n"

    def interrupt(self) -> None: ...

    async def close(self) -> None: ...


def places(number: int) -> Iterator[Place]:
    return (Place(f"h{i}.test", 443) for i in range(number))


def flow(audits: Counting, descriptor: int, form: Form = "jsonl", name: Path | None = None) -> tuple[Flow, Tally, Sink]:
    tally = Tally(100, "never", table=False)
    sink = Sink(descriptor, name, form, one=False)
    terms = Terms(settings=Settings(), form=form, deadline=1, timeout=1)
    return Flow(audits, terms, sink, tally, Progress(tally), (), addresses=False), tally, sink


async def drained(descriptor: int, size: int) -> bytes:
    """What comes out of a pipe up to `size` bytes or its end."""

    def read() -> bytes:
        parts = b""
        while len(parts) < size and (part := os.read(descriptor, 65536)):
            parts += part
        return parts

    return await asyncio.to_thread(read)


def test_no_more_run_at_a_time_than_wanted_and_all_are_written(tmp_path: Path) -> None:
    async def story() -> None:
        audits, file = Counting(), tmp_path / "out"
        with file.open("wb") as out:
            running, tally, _ = flow(audits, out.fileno())
            await running.run(places(100), 7)
        assert (audits.begun, audits.most, tally.measured, tally.done, tally.code) == (100, 7, 100, 100, 0)
        assert file.read_bytes() == b"\n" * 100

    asyncio.run(story())


def test_nothing_new_begins_while_the_reader_does_not_read() -> None:
    async def story() -> None:
        audits = Counting(size=2**20)
        read, write = os.pipe()
        running, tally, _ = flow(audits, write)
        task = asyncio.create_task(running.run(places(20), 4))
        for _ in range(1000):
            await asyncio.sleep(0)
        assert (audits.begun, tally.measured) == (4, 0)
        assert len(await drained(read, 20 * 2**20)) == 20 * 2**20
        await task
        assert (audits.begun, tally.measured) == (20, 20)
        os.close(read)
        os.close(write)

    asyncio.run(story())


def test_a_reader_that_has_left_ends_it() -> None:
    async def story() -> None:
        audits = Counting(size=2**16)
        read, write = os.pipe()
        os.close(read)
        running, _, _ = flow(audits, write)
        with pytest.raises(BrokenPipeError):
            await running.run(places(1000), 4)
        assert audits.begun <= 8
        os.close(write)

    asyncio.run(story())


def test_what_cannot_be_written_is_named() -> None:
    async def story() -> None:
        full = os.open("/dev/full", os.O_WRONLY)
        running, _, _ = flow(Counting(), full, name=Path("/dev/full"))
        with pytest.raises(OSError, match="No space left on device") as raised:
            await running.run(places(10), 2)
        os.close(full)
        assert raised.value.filename == "/dev/full"

    asyncio.run(story())


def test_an_audit_that_cannot_be_written_down_is_the_last(tmp_path: Path) -> None:
    async def story() -> None:
        audits = Counting(broken_at=5)
        with (tmp_path / "out").open("wb") as out:
            running, _, _ = flow(audits, out.fileno())
            with pytest.raises(JournalError):
                await running.run(places(1000), 2)
        assert audits.begun <= 7

    asyncio.run(story())


def test_an_interrupted_run_takes_no_more_hosts(tmp_path: Path) -> None:
    async def story() -> None:
        audits = Counting()
        with (tmp_path / "out").open("wb") as out:
            running, tally, _ = flow(audits, out.fileno())
            waiting = places(100)
            assert next(waiting).host == "h0.test"
            running.interrupt()
            await running.run(waiting, 3)
        assert (audits.begun, tally.code) == (0, 130)

    asyncio.run(story())


@pytest.mark.parametrize("number", [0, 1, 3])
def test_json_of_several_is_an_array(tmp_path: Path, number: int) -> None:
    async def story() -> None:
        file = tmp_path / "out"
        with file.open("wb") as out:
            _, _, sink = flow(Counting(), out.fileno(), "json")
            for i in range(number):
                await sink.report(b'{\n  "a": %d\n}\n' % i)
            await sink.end()
        assert json.loads(file.read_bytes()) == [{"a": i} for i in range(number)]

    asyncio.run(story())


def row(number: int = 0, **held: object) -> Row:
    return Row(**{"number": number, "target": "a.test:443", "status": "ok", **held})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("rows", "fail_on", "code"),
    [
        ([row()], "never", 0),
        ([row(severity="high")], "never", 0),
        ([row(severity="high"), row()], "high", 1),
        ([row(severity="low"), row()], "high", 0),
        ([row(severity="high"), row(status="partial")], "high", 3),
        ([row(status="failed", error="refused")], "never", 3),
        ([row(status="failed", error="out_of_scope"), row()], "never", 3),
        ([row(status="failed", error="out_of_scope")] * 2, "never", 4),
    ],
)
def test_the_exit_code_is_that_of_all_together(rows: list[Row], fail_on: str, code: int) -> None:
    tally = Tally(len(rows), fail_on, table=False)
    for held in rows:
        tally.add(held)
    assert tally.code == code


def test_an_address_where_nothing_listens_is_named_in_its_report(tmp_path: Path) -> None:
    async def story() -> None:
        terms = Terms(settings=Settings(), form="jsonl", deadline=20, timeout=5)
        with socket.create_server(("127.0.0.1", 0)) as listener:
            closed = int(listener.getsockname()[1])
        shown, body = await Auditor(terms, Journal(tmp_path)).audit(Order(0, "localhost", closed, "127.0.0.1"))
        assert (shown.error, shown.address) == ("refused", "127.0.0.1")
        assert json.loads(body)["target"]["address"] == "127.0.0.1"

    asyncio.run(story())


def test_what_ctrl_c_cut_short_is_told_from_what_had_failed_before() -> None:
    tally = Tally(4, "never", table=False)
    tally.add(row(status="failed", error="timeout"))
    tally.interrupted = True
    for error in ("timeout", "refused"):
        tally.add(row(status="failed", error=error))
    assert tally.cut_short == 1


def test_the_table_begins_with_the_worst_and_has_an_end() -> None:
    tally = Tally(1000, "never", table=True)
    for number in range(1000):
        tally.add(row(number, target=f"h{number}.test:443", grade="F" if number == 500 else "A", versions=("TLSv1.2", "TLSv1.3")))
    shown = [str(line) for line in tally.lines(100)]
    assert shown[1].startswith("1000 servers")
    assert shown[3].split()[:3] == ["h500.test:443", "F", "TLSv1.2–1.3"]
    assert len(shown) < 210
    assert "The worst 200 of 1,000" in shown[-1]


def test_the_line_on_the_terminal_tells_how_far_it_is() -> None:
    tally = Tally(1000, "never", table=False)
    progress = Progress(tally)
    progress.began(1, "a.test:443")
    progress.began(2, "b.test:443")
    assert progress.line() == "0 of 1,000 · a.test:443, b.test:443"
    tally.add(row(status="failed", error="refused"))
    tally.done += 1
    progress.ended(1)
    parts = progress.line().split(" · ")
    assert (parts[0], parts[2], parts[-1]) == ("1 of 1,000", "1 not wholly measured", "b.test:443")
    assert "hosts/s" in parts[1]
    assert "left" in parts[3]
