"""How much of a conversation a model is told, and that what is left out leaves its findings behind."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from netassist.assistant.memory import MOST_SHORT, Turn, told
from netassist.toolbox import Call


def turn(number: int, size: int) -> Turn:
    call = Call("ping", {"host": f"10.0.0.{number}"})
    return Turn(f"ping 10.0.0.{number}", (call,), results=("x" * size,), findings=(f"10.0.0.{number}: high some.finding",))


def test_a_short_conversation_is_told_whole() -> None:
    assert [exchange.results for exchange in told([turn(1, 10), turn(2, 20)])] == [("x" * 10,), ("x" * 20,)]


def test_results_of_the_oldest_shrink_to_their_findings_first() -> None:
    exchanges = told([turn(1, 900), turn(2, 900), turn(3, 900)], 2200)
    assert [exchange.results for exchange in exchanges] == [("10.0.0.1: high some.finding",), ("x" * 900,), ("x" * 900,)]


def test_whole_turns_are_left_out_oldest_first_and_their_findings_stay() -> None:
    exchanges = told([turn(number, 900) for number in range(1, 9)], 950)
    assert [exchange.request for exchange in exchanges] == ["ping 10.0.0.8"]
    assert exchanges[0].results[0].startswith("found earlier: 10.0.0.1: high some.finding; 10.0.0.2")
    assert exchanges[0].results[1] == "x" * 900


@given(st.lists(st.integers(0, 3000), max_size=40), st.integers(500, 8000))
def test_what_is_told_never_grows_beyond_its_room(sizes: list[int], most: int) -> None:
    turns = [turn(number % 250, size) for number, size in enumerate(sizes)]
    exchanges = told(turns, most)
    size = sum(len(e.request) + sum(len(str(c)) for c in e.calls) + sum(map(len, e.results)) for e in exchanges)
    last = len(turns[-1].results[0]) + 200 if turns else 0
    assert size <= max(most, last) + MOST_SHORT + 20
    assert [e.request for e in exchanges] == [t.request for t in turns[len(turns) - len(exchanges) :]]
