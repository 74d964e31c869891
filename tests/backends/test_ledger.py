"""Budgets and falls on disk: several processes, midnight, clocks that jump, carry-over, and files that cannot be used."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from netassist.backends.ledger import Budget, Fall, Latency, Ledger, LedgerError
from netassist.backends.planning import BackendError

NOON = datetime(2026, 3, 10, 12, 0).timestamp()
DAY = 86_400.0


class Clock:
    def __init__(self, now: float = NOON) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def use(ledger: Ledger, budget: Budget, tokens: int) -> None:
    """One answered request of so many tokens, none of them written."""
    reserved = ledger.reserve("turbollm", budget, tokens, 0)
    ledger.settle(reserved, budget, tokens, 0, estimated=False, seconds=0.1)


def is_spent(ledger: Ledger, budget: Budget, tokens: int) -> bool:
    try:
        use(ledger, budget, tokens)
    except BackendError:
        return True
    return False


def test_what_is_set_aside_counts_until_it_is_settled(tmp_path: Path) -> None:
    ledger, budget = Ledger(tmp_path), Budget(tokens=1000)
    first = ledger.reserve("turbollm", budget, 300, 600)
    with pytest.raises(BackendError, match=r"900 of 1,000 tokens used.*new at midnight"):
        ledger.reserve("turbollm", budget, 50, 600)
    ledger.settle(first, budget, 300, 20, estimated=False, seconds=0.2)
    assert ledger.reserve("turbollm", budget, 50, 600).written == 600
    ledger.reserve("hugllm", budget, 300, 600)  # another's budget is another's


def test_an_answer_is_held_to_what_is_left(tmp_path: Path) -> None:
    ledger, budget = Ledger(tmp_path), Budget(tokens=1000)
    assert ledger.reserve("turbollm", budget, 300, 4096).written == 700
    assert Ledger(tmp_path).reserve("hugllm", Budget(), 300, 4096).written == 4096


def test_money_is_a_limit_of_its_own(tmp_path: Path) -> None:
    ledger, budget = Ledger(tmp_path), Budget(money=0.01, price_read=1.0, price_written=10.0)
    reserved = ledger.reserve("turbollm", budget, 1000, 4096)
    assert reserved.written == 900  # 0.001 to read, and 0.009 left at 10 for a million
    ledger.settle(reserved, budget, 1000, 100, estimated=False, seconds=1.0)
    assert ledger.spent("turbollm", budget).money == pytest.approx(0.002)
    ledger.settle(ledger.reserve("turbollm", budget, 1000, 700), budget, 1000, 700, estimated=False, seconds=1.0)
    with pytest.raises(BackendError, match=r"0.01 of 0.01 in money"):
        ledger.reserve("turbollm", budget, 100, 700)


def test_the_day_ends_at_local_midnight(tmp_path: Path, berlin: None) -> None:
    clock = Clock(datetime(2026, 3, 10, 23, 59).timestamp())
    ledger, budget = Ledger(tmp_path, clock), Budget(tokens=100)
    use(ledger, budget, 100)
    assert is_spent(ledger, budget, 1)
    clock.now += 120  # half an hour before UTC's midnight it would still be spent
    assert not is_spent(ledger, budget, 100)


@pytest.mark.parametrize("day", [datetime(2026, 3, 29), datetime(2026, 10, 25)])
def test_days_of_23_and_25_hours(tmp_path: Path, berlin: None, day: datetime) -> None:
    clock = Clock(day.replace(hour=0, minute=1).timestamp())
    ledger, budget = Ledger(tmp_path, clock), Budget(tokens=100)
    use(ledger, budget, 100)
    clock.now = day.replace(hour=23, minute=59).timestamp()
    assert is_spent(ledger, budget, 1)
    clock.now += 120
    assert not is_spent(ledger, budget, 100)


def test_a_clock_that_is_set_back_gives_nothing_away(tmp_path: Path) -> None:
    clock = Clock()
    ledger, budget = Ledger(tmp_path, clock), Budget(tokens=100)
    use(ledger, budget, 100)
    for back in (60.0, DAY, 400 * DAY):
        clock.now = NOON - back
        assert is_spent(ledger, budget, 1), back


def test_what_is_left_over_is_carried_up_to_a_cap(tmp_path: Path) -> None:
    clock, budget = Clock(), Budget(tokens=100, carry_over_days=2)
    ledger = Ledger(tmp_path, clock)
    use(ledger, budget, 40)
    clock.now += DAY
    assert ledger.spent("turbollm", budget).token_limit == 160
    clock.now += 5 * DAY
    assert ledger.spent("turbollm", budget).token_limit == 300  # 100 of today, and twice as much of before
    use(ledger, budget, 250)
    clock.now += DAY
    assert ledger.spent("turbollm", budget).token_limit == 150
    assert ledger.spent("turbollm", Budget(tokens=100)).token_limit == 100


_SPENDING = """
import sys
from pathlib import Path
from netassist.backends.ledger import Budget, Ledger
from netassist.backends.planning import BackendError
ledger, budget, granted = Ledger(Path(sys.argv[1])), Budget(tokens=10_000), 0
for _ in range(40):
    try:
        reserved = ledger.reserve("turbollm", budget, 100, 0)
        ledger.settle(reserved, budget, 100, 0, estimated=False, seconds=0.1)
        granted += 1
    except BackendError:
        pass
print(granted)
"""


def test_several_processes_spend_one_budget(tmp_path: Path) -> None:
    command = [sys.executable, "-c", _SPENDING, str(tmp_path)]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(4)]
    done = [process.communicate(timeout=120) for process in running]
    assert [errors for _, errors in done] == [""] * 4
    assert sum(int(said) for said, _ in done) == 100
    assert Ledger(tmp_path).spent("turbollm", Budget()).tokens == 10_000


def test_a_process_that_dies_leaves_its_share_counted(tmp_path: Path) -> None:
    dying = _SPENDING.replace("ledger.settle", "import os; os._exit(9)\n        ledger.settle")
    assert subprocess.run([sys.executable, "-c", dying, str(tmp_path)], check=False).returncode == 9
    assert Ledger(tmp_path).spent("turbollm", Budget()).tokens == 100


def test_the_file_is_for_this_user_alone(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        ledger = Ledger(tmp_path / "state")
        use(ledger, Budget(), 1)
        held = sqlite3.connect(ledger.path)
        held.execute("SELECT * FROM calls").fetchall()
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "state").iterdir()}
        held.close()
    finally:
        os.umask(old)
    assert modes["backends.sqlite3"] == 0o600
    assert set(modes.values()) == {0o600}
    assert stat.S_IMODE((tmp_path / "state").stat().st_mode) == 0o700


def test_a_file_that_cannot_be_used_is_told_and_nothing_is_spent(tmp_path: Path) -> None:
    (tmp_path / "backends.sqlite3").write_text("this is no database, and long enough to be looked at as one" * 20)
    with pytest.raises(LedgerError, match=r"backends.sqlite3: what backends cost cannot be written down"):
        Ledger(tmp_path).reserve("turbollm", Budget(tokens=1000), 1, 1)
    (tmp_path / "file").write_text("")
    with pytest.raises(LedgerError, match="XDG_STATE_HOME"):
        Ledger(tmp_path / "file").note("testllm", 1.0)


def test_the_file_of_a_later_version_is_left_as_it_is(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    use(ledger, Budget(tokens=1000), 10)
    with sqlite3.connect(ledger.path) as db:
        later = db.execute("PRAGMA user_version").fetchone()[0] + 1
        db.execute(f"PRAGMA user_version = {later}")
    with pytest.raises(LedgerError, match="a later version of netassist made it"):
        use(ledger, Budget(tokens=1000), 10)
    with sqlite3.connect(ledger.path) as db:
        assert db.execute("PRAGMA user_version").fetchone()[0] == later


def test_latency_is_of_the_last_answers(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    assert ledger.latency("testllm") is None
    for seconds in (9.0, 0.3, 0.1, 0.2):
        ledger.note("testllm", seconds)
    assert ledger.latency("testllm", last=3) == Latency(0.2, 0.3, 3)


def test_falls_are_known_to_the_next_process(tmp_path: Path) -> None:
    fall = Fall("lab at http://127.0.0.1/v1", NOON, 30.0, 2, "timeout", "turbollm: no answer")
    Ledger(tmp_path).fell("turbollm", fall)
    assert Ledger(tmp_path).fall("turbollm") == fall
    Ledger(tmp_path).recovered("turbollm")
    assert Ledger(tmp_path).fall("turbollm") is None


@pytest.mark.parametrize(("now", "left"), [(0.0, 30.0), (10.0, 20.0), (31.0, 0.0), (-1.0, 0.0), (-DAY, 0.0)])
def test_a_pause_is_never_longer_than_it_was_made(now: float, left: float) -> None:
    assert Fall("", NOON, 30.0, 1, "timeout", "").remaining(NOON + now) == left
