"""Findings: filtered, compared, accepted, exported, by key."""

from __future__ import annotations

import asyncio
import csv
import json
from datetime import date, timedelta
from functools import partial
from pathlib import Path

import pytest

from netassist.tui.screens.written import Written
from tests.tui.estate import furnished
from tests.tui.snapshot import assert_looks
from tests.tui.test_rooms import SIZES, at_home, into


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return furnished(tmp_path_factory.mktemp("state"))


def test_findings_tell_what_is_new_and_what_is_gone_and_are_filtered(
    state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    async def story() -> None:
        async with at_home(state) as stage:
            room = await into(stage, "findings")
            everything = len(room.shown)
            await stage.pilot.press("c")
            assert [(row.cells[1].text, row.cells[3].text) for row in room.shown] == [
                ("TLS 1.0 is accepted", "+ new"),
                ("SSL 3.0 is accepted", "− gone"),
            ]
            await stage.pilot.press("c", "slash", *"192.0.2.21 expired")
            assert [row.cells[1].text for row in room.shown] == ["The certificate has expired"]
            await stage.pilot.press("escape")
            assert len(room.shown) == everything

    asyncio.run(story())


def test_a_finding_is_accepted_with_a_reason_and_counts_no_more(
    state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    async def story() -> None:
        async with at_home(state) as stage:
            room = await into(stage, "findings")
            before, chosen = len(room.shown), room.chosen
            assert chosen is not None
            await stage.pilot.press("A")
            await stage.until(lambda: isinstance(stage.app.screen, Written))
            await stage.pilot.press("enter")
            assert "needs a reason" in stage.read()
            await stage.pilot.press(*"lab only", "enter")
            await stage.until(lambda: "For how long?" in stage.read())
            await stage.pilot.press("down", "enter")
            await stage.until(lambda: len(room.shown) == before - 1)
            assert chosen.key not in [row.key for row in room.shown]
            assert "1 accepted" in room.found.summary.plain
        written = (tmp_path / "netassist.toml").read_text()
        assert 'rule = "tls.anonymous_cipher"' in written
        assert 'reason = "lab only"' in written
        assert f"expires = {date.today() + timedelta(days=30)}" in written

    asyncio.run(story())


def test_a_finding_is_accepted_until_a_day_of_one_s_own(state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    day = date.today() + timedelta(days=7)

    async def story() -> None:
        async with at_home(state) as stage:
            room = await into(stage, "findings")
            await stage.pilot.press("A")
            await stage.until(lambda: isinstance(stage.app.screen, Written))
            await stage.pilot.press(*"moves next week", "enter")
            await stage.until(lambda: "For how long?" in stage.read())
            await stage.pilot.press("up", "enter")
            await stage.until(lambda: "Until when?" in stage.read())
            for wrong, told in (("soon", "That is no day"), (f"{date.today()}", "That day is over")):
                await stage.pilot.press("ctrl+u", *wrong, "enter")
                await stage.until(partial(lambda told: told in stage.read(), told))
            await stage.pilot.press("ctrl+u", *f"{day}", "enter")
            await stage.until(lambda: "1 accepted" in room.found.summary.plain)
        assert f"expires = {day}" in (tmp_path / "netassist.toml").read_text()

    asyncio.run(story())


@pytest.mark.parametrize("size", SIZES, ids=["80x24", "160x50"])
def test_two_runs_are_compared(state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]) -> None:
    monkeypatch.chdir(tmp_path)

    async def story() -> None:
        async with at_home(state, size) as stage:
            room = await into(stage, "findings")
            everything = len(room.shown)
            await stage.pilot.press("d")
            await stage.until(lambda: "the later run" in stage.read())
            await stage.pilot.press(*"192.0.2.20", "enter")
            await stage.until(lambda: "the earlier run" in stage.read())
            await stage.pilot.press("enter")
            await stage.until(lambda: "1 new  1 gone  6 unchanged" in room.found.summary.plain)
            assert [(row.cells[1].text, row.cells[3].text) for row in room.shown[:2]] == [
                ("TLS 1.0 is accepted", "+ new"),
                ("SSL 3.0 is accepted", "− gone"),
            ]
            assert {row.cells[3].text for row in room.shown[2:]} == {"= unchanged"}
            assert_looks(stage.app, f"compared-{size[0]}")
            await stage.pilot.press("d")
            await stage.until(lambda: len(room.shown) == everything)

    asyncio.run(story())


@pytest.mark.parametrize("name", ["rows.csv", "rows.md", "rows.json"])
def test_the_rows_that_are_shown_are_exported_as_a_table(
    state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)

    async def story() -> None:
        async with at_home(state) as stage:
            room = await into(stage, "findings")
            await stage.pilot.press("slash", *"192.0.2.21 expired", "enter")
            await stage.until(lambda: len(room.shown) == 1)
            await stage.pilot.press("e")
            await stage.until(lambda: "The 1 row" in stage.read())
            await stage.pilot.press("enter")
            await stage.until(lambda: isinstance(stage.app.screen, Written))
            await stage.pilot.press("ctrl+u", *"rows.html", "enter")
            await stage.until(lambda: "A table is written as" in stage.read())
            await stage.pilot.press("ctrl+u", *name, "enter")
            await stage.until(lambda: "Written:" in stage.read())

    asyncio.run(story())
    written = (tmp_path / name).read_text()
    if name.endswith(".json"):
        [row] = json.loads(written)
        assert (row["rule"], row["host"], row["port"]) == ("certificate.expired", "192.0.2.21", "8443")
    elif name.endswith(".csv"):
        [row] = csv.DictReader(written.splitlines())
        assert (row["severity"], row["finding"]) == ("high", "The certificate has expired")
    else:
        head, rule, line = written.splitlines()
        assert head.startswith("| severity | rule | finding |")
        assert line.startswith("| high | certificate.expired | The certificate has expired |")
        assert line.count("|") == head.count("|") == rule.count("|")
