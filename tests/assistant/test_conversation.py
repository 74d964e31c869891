"""The loop, with plans that are fixed and tools that are real."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec
import pytest

from netassist import toolbox
from netassist.assistant.answers import Answer
from netassist.assistant.conversation import Conversation, Interrupted
from netassist.assistant.events import Event, Finished, Planned, Started
from netassist.assistant.journal import Journal, JournalError
from netassist.backends.planning import LONGEST_REQUEST, Exchange, Plan, Round
from netassist.configuration import Settings
from netassist.network import Network
from netassist.observations import Report
from netassist.toolbox import Call, Tool


class Fixed:
    """A backend that answers with the plans it was given, and remembers what it was asked."""

    name, model = "fixed", "none"

    def __init__(self, *plans: Plan) -> None:
        self.plans, self.asked = list(plans), list[tuple[str, tuple[Exchange, ...]]]()
        self.thinking = asyncio.Event()

    rounds = 1

    async def plan(
        self,
        request: str,
        earlier: Sequence[Exchange],
        tools: Sequence[Tool],
        inventory: Mapping[str, str],
        so_far: Sequence[Round] = (),
    ) -> Plan:
        self.asked.append((request, tuple(earlier)))
        self.thinking.set()
        if not self.plans:
            await asyncio.Event().wait()
        return self.plans.pop(0)

    async def close(self) -> None:
        """Nothing is held."""


def calls(*planned: Call) -> Plan:
    return Plan("call", planned)


def tcp(port: int) -> Call:
    return Call("tcp_check", {"host": "127.0.0.1", "port": port})


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "state")


def lines(journal: Journal) -> list[dict[str, object]]:
    return [json.loads(line) for line in journal.path.read_text(encoding="utf-8").splitlines()]


def test_a_question_is_answered_by_what_was_measured(port: int, journal: Journal) -> None:
    told: list[Event] = []
    conversation = Conversation(Fixed(calls(tcp(port))), Settings(), journal, tell=told.append)
    answer = asyncio.run(conversation.ask(f"is port {port} open on 127.0.0.1?"))
    assert (answer.outcome, answer.steps[0].status) == ("answered", "ok")
    assert f"Port {port} on 127.0.0.1 is open" in answer.answer
    assert [type(event) for event in told] == [Planned, Started, Finished]


def test_the_answer_has_the_published_form(port: int, journal: Journal) -> None:
    answer = asyncio.run(Conversation(Fixed(calls(tcp(port))), Settings(), journal).ask(f"127.0.0.1 port {port}"))
    decoded = msgspec.json.decode(msgspec.json.encode(answer))
    assert decoded["schema"] == "netassist/answer/1"
    assert set(decoded) >= {"answer", "outcome", "backend", "model", "steps", "findings", "unverified"}
    assert decoded["steps"][0]["call"] == {"name": "tcp_check", "arguments": {"host": "127.0.0.1", "port": port}}
    assert decoded["steps"][0]["report"]["schema"] == "netassist/tcp/1"


def test_every_call_leaves_one_journal_line(port: int, journal: Journal) -> None:
    plan = calls(tcp(port), Call("tcp_check", {"host": "192.0.2.1", "port": port}), Call("agent_list"))
    answer = asyncio.run(Conversation(Fixed(plan), Settings(), journal).ask(f"check port {port} on 127.0.0.1"))
    assert [step.status for step in answer.steps] == ["ok", "refused", "unavailable"]
    written = lines(journal)
    assert sorted((str(row["status"]), str(row["allowed_by"])) for row in written) == [
        ("ok", "the request"), ("refused", "nobody"), ("refused", "nobody"),
    ]  # fmt: skip
    assert all(row["planned_by"] == "fixed/none" for row in written)
    assert journal.path.stat().st_mode & 0o777 == 0o600


def test_without_a_journal_nothing_runs(port: int, tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file where the folder should be")
    backend = Fixed(calls(tcp(port)))
    with pytest.raises(JournalError, match="cannot be written"):
        asyncio.run(Conversation(backend, Settings(), Journal(tmp_path / "state")).ask("127.0.0.1"))
    assert backend.asked == []


def test_one_failure_hides_no_other_answer(port: int, journal: Journal) -> None:
    plan = calls(Call("tcp_check", {"host": "no-such-host.invalid", "port": port}), tcp(port))
    answer = asyncio.run(Conversation(Fixed(plan), Settings(), journal).ask(f"port {port} on no-such-host.invalid and 127.0.0.1"))
    assert [step.status for step in answer.steps] == ["failed", "ok"]
    assert "no-such-host.invalid" in answer.answer
    assert "is open" in answer.answer


def test_a_mistake_of_ours_in_one_probe_hides_no_other_answer(
    port: int, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = toolbox.run

    async def run(call: Call, network: Network) -> Report:
        if call.arguments["port"] != port:
            raise ZeroDivisionError("ours")
        return await real(call, network)

    monkeypatch.setattr("netassist.assistant.running.run", run)
    answer = asyncio.run(Conversation(Fixed(calls(tcp(9), tcp(port))), Settings(), journal).ask(f"9 and {port} on 127.0.0.1"))
    assert [step.status for step in answer.steps] == ["failed", "ok"]
    assert "internal error (ZeroDivisionError: ours)" in (answer.steps[0].message or "")


def test_a_question_back_names_the_inventory(journal: Journal) -> None:
    settings = Settings(targets={"the nas": "192.0.2.9"})
    answer = asyncio.run(Conversation(Fixed(Plan("clarify")), settings, journal).ask("scan my server"))
    assert (answer.outcome, answer.steps) == ("clarify", ())
    assert "the nas" in answer.answer


def test_earlier_turns_ground_later_ones(port: int, journal: Journal) -> None:
    backend = Fixed(Plan("clarify"), calls(tcp(port)), calls(tcp(port)))
    conversation = Conversation(backend, Settings(), journal)

    async def talk() -> list[Answer]:
        return [await conversation.ask(words) for words in (f"is port {port} open?", "on 127.0.0.1", "again")]

    answers = asyncio.run(talk())
    assert [answer.outcome for answer in answers] == ["clarify", "answered", "answered"]
    earlier = backend.asked[-1][1]
    assert [(exchange.outcome, len(exchange.calls)) for exchange in earlier] == [("clarify", 0), ("call", 1)]
    assert "is open" in earlier[1].results[0]


def test_a_target_that_was_named_and_not_used_is_told(port: int, journal: Journal) -> None:
    answer = asyncio.run(
        Conversation(Fixed(calls(tcp(port))), Settings(), journal).ask(f"port {port} on 127.0.0.1 and 192.0.2.9")
    )
    assert answer.unused == ("192.0.2.9",)
    assert "Nothing was run on 192.0.2.9" in answer.answer


def test_the_model_cannot_bring_an_earlier_host_where_another_was_named(port: int, journal: Journal) -> None:
    backend = Fixed(calls(tcp(port)), calls(tcp(port)))
    conversation = Conversation(backend, Settings(), journal)

    async def talk() -> Answer:
        await conversation.ask(f"is port {port} open on 127.0.0.1")
        return await conversation.ask(f"check port {port} on 192.0.2.9")

    [step] = asyncio.run(talk()).steps
    assert (step.status, step.refusal) == ("refused", "ungrounded")


def test_what_is_forgotten_grounds_nothing(port: int, journal: Journal) -> None:
    backend = Fixed(calls(tcp(port)), calls(tcp(port)))
    conversation = Conversation(backend, Settings(), journal)

    async def talk() -> Answer:
        await conversation.ask(f"is port {port} open on 127.0.0.1")
        conversation.forget()
        return await conversation.ask("again")

    assert asyncio.run(talk()).steps[0].refusal == "ungrounded"
    assert backend.asked[-1][1] == ()


def test_interrupting_the_planner_runs_nothing(journal: Journal) -> None:
    backend = Fixed()
    conversation = Conversation(backend, Settings(), journal)

    async def talk() -> None:
        asking = asyncio.ensure_future(conversation.ask("scan 127.0.0.1"))
        await backend.thinking.wait()
        conversation.interrupt()
        await asking

    with pytest.raises(Interrupted, match="nothing was run"):
        asyncio.run(talk())


def test_interrupting_a_probe_keeps_what_is_known(port: int, journal: Journal) -> None:
    plan = calls(tcp(port), Call("ping", {"host": "127.0.0.1", "count": 100}))

    def tell(event: Event) -> None:
        if isinstance(event, Finished) and event.step.call.name == "tcp_check":
            conversation.interrupt()

    conversation = Conversation(Fixed(plan), Settings(), journal, tell=tell)
    answer = asyncio.run(conversation.ask(f"port {port} of 127.0.0.1, and ping it 100 times"))
    assert answer.interrupted
    assert answer.steps[0].status == "ok"
    assert answer.steps[1].status in ("partial", "failed")
    assert answer.answer.startswith("Interrupted")


@pytest.mark.parametrize("request_text", ["", "   ", "x" * (LONGEST_REQUEST + 1)])
def test_a_request_of_no_or_too_many_words_is_refused_before_anything_is_asked(request_text: str, journal: Journal) -> None:
    backend = Fixed(calls())
    with pytest.raises(ValueError, match="question"):
        asyncio.run(Conversation(backend, Settings(), journal).ask(request_text))
    assert backend.asked == []
