"""Two runs side by side: nothing is called gone that was not looked at, or not to the end."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from netassist.observations import Endpoint, Finding, Report, Status
from netassist.probes.http import HttpCheck
from netassist.tui.compared import Run, compared, earlier, runs_of
from netassist.tui.estate import Held

BEGAN = datetime(2026, 11, 29, tzinfo=UTC)


def report(host: str, *rules: str, days: int = 0, status: Status = "ok") -> Report:
    found = tuple(Finding(id=rule, severity="low", title=rule, detail="", evidence="", fix="") for rule in rules)
    where, started = Endpoint(host, 80), BEGAN + timedelta(days=days)
    return HttpCheck(target=where, started=started, duration_s=1, findings=found, url=f"http://{host}/", status=status)


def runs(*answers: list[Report]) -> list[Run]:
    return runs_of([Held(each, "s", f"question {n}", n) for n, some in enumerate(answers) for each in some])


def told(before: list[Report], after: list[Report]) -> dict[str, str]:
    later, earlier = runs(before, after)
    return {f"{each.located.finding.id} {each.located.place.host}": each.difference for each in compared(earlier, later)}


def test_what_both_looked_at_is_new_gone_or_unchanged() -> None:
    before, after = [report("a.test", "x.one", "x.two")], [report("a.test", "x.two", "x.three", days=1)]
    assert told(before, after) == {"x.three a.test": "new", "x.one a.test": "gone", "x.two a.test": "unchanged"}


def test_what_one_did_not_look_at_is_neither_new_nor_gone() -> None:
    before, after = [report("a.test"), report("b.test", "x.one")], [report("a.test", days=1), report("c.test", "x.two", days=1)]
    assert told(before, after) == {"x.two c.test": "not run before", "x.one b.test": "not run now"}


def test_what_an_incomplete_run_does_not_say_may_be_there_still() -> None:
    before = [report("a.test", "x.one")]
    assert told(before, [report("a.test", days=1, status="partial"), report("b.test", days=1)]) == {"x.one a.test": "not run now"}
    assert told(before, [report("a.test", days=1, status="failed"), report("b.test", days=1)]) == {"x.one a.test": "not run now"}


def test_runs_are_answers_and_those_of_a_common_place_compare() -> None:
    made = runs([report("a.test"), report("b.test")], [report("b.test", days=1)], [report("c.test", days=2)])
    assert [(run.request, run.hosts) for run in made] == [
        ("question 2", ["c.test"]), ("question 1", ["b.test"]), ("question 0", ["a.test", "b.test"]),
    ]  # fmt: skip
    assert [run.request for run in earlier(made[1], made)] == ["question 0"]
    assert earlier(made[0], made) == earlier(made[2], made) == []
    assert runs([report("a.test", status="failed")]) == []


def test_what_is_unchanged_has_the_age_that_is_known_and_not_that_of_the_later_run() -> None:
    later, first = runs([report("a.test", "x.one", "x.two")], [report("a.test", "x.one", "x.three", days=1)])
    ages = {each.located.finding.id: each.since - BEGAN for each in compared(first, later)}
    assert ages == {"x.one": timedelta(0), "x.two": timedelta(0), "x.three": timedelta(days=1)}
    [one] = [each for each in compared(first, later) if each.difference == "unchanged"]
    older = BEGAN - timedelta(days=9)
    known = compared(first, later, {one.located.key: older})
    assert [each.since for each in known if each.difference == "unchanged"] == [older]
