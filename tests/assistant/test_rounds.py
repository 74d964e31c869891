"""Several rounds for one request: what the model is told, and the limits of it; plans are written here, calls are real."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from netassist.assistant.answers import Answer
from netassist.assistant.consent import Consent, unattended
from netassist.assistant.conversation import Conversation, Interrupted
from netassist.assistant.events import Event, Finished, Planned, Started
from netassist.assistant.journal import Journal
from netassist.assistant.rounds import Limits
from netassist.backends.planning import BackendError, Plan, Usage
from netassist.configuration import Settings
from netassist.toolbox import Call, Risk
from tests.assistant.scripted import Scripted, calls, says, tcp
from tests.lab.dns import dns_server


@pytest.fixture
def closed() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "state")


def asked(conversation: Conversation, *requests: str) -> list[Answer]:
    async def talk() -> list[Answer]:
        return [await conversation.ask(request) for request in requests]

    return asyncio.run(talk())


def test_the_model_is_told_what_each_call_came_to_and_answers(port: int, closed: int, journal: Journal) -> None:
    backend = Scripted(calls(tcp(port)), calls(tcp(closed)), says("The first is open, the second closed."), rounds=6)
    [answer] = asked(Conversation(backend, Settings(), journal), f"are ports {port} and {closed} of 127.0.0.1 open?")
    assert (answer.outcome, [step.status for step in answer.steps]) == ("answered", ["ok", "ok"])
    assert answer.written == answer.answer == "The first is open, the second closed."
    [first], [second] = (round_.results for round_ in backend.asked[-1].so_far)
    assert f"Port {port} on 127.0.0.1 is open" in first
    assert "closed" in second
    assert len(first) <= 600


def test_the_calls_of_all_rounds_are_numbered_through(port: int, closed: int, journal: Journal) -> None:
    told: list[Event] = []
    backend = Scripted(calls(tcp(port)), calls(tcp(closed)), says("Done."), rounds=6)
    asked(Conversation(backend, Settings(), journal, tell=told.append), f"ports {port} and {closed} of 127.0.0.1")
    assert [event.first for event in told if isinstance(event, Planned)] == [0, 1]
    assert [event.index for event in told if isinstance(event, Started | Finished)] == [0, 0, 1, 1]


def test_the_same_call_runs_once_and_the_model_is_told_its_result(port: int, journal: Journal) -> None:
    spelled_otherwise = Call("tcp_check", {"host": "LOCALHOST.", "port": port})
    first = Call("tcp_check", {"host": "localhost", "port": port})
    backend = Scripted(calls(first), calls(spelled_otherwise), says("It is open."), rounds=6)
    [answer] = asked(Conversation(backend, Settings(), journal), f"is port {port} of localhost open?")
    assert len(answer.steps) == 1
    assert backend.asked[-1].so_far[1].results[0].startswith("run before, with this result: ok: Port")
    assert answer.missing == ()


def test_a_model_that_only_repeats_itself_is_not_asked_for_ever(port: int, journal: Journal) -> None:
    backend = Scripted(*[calls(tcp(port))] * 10, rounds=100)
    [answer] = asked(Conversation(backend, Settings(), journal), f"is port {port} of 127.0.0.1 open?")
    assert (len(answer.steps), len(backend.asked)) == (1, 3)
    assert "is open" in answer.answer
    assert "had been measured" in answer.missing[0]


def test_the_rounds_are_limited_and_what_is_missing_is_said(port: int, closed: int, journal: Journal) -> None:
    backend = Scripted(calls(tcp(port)), calls(tcp(closed)), says("never asked"), rounds=2)
    [answer] = asked(Conversation(backend, Settings(), journal), f"ports {port} and {closed} of 127.0.0.1")
    assert (len(answer.steps), answer.written) == (2, "")
    assert answer.missing == ("the model's conclusion, for it is asked 2 times at most for one request",)
    assert "is open" in answer.answer
    assert "Missing: the model's conclusion" in answer.answer


def test_the_calls_are_limited_and_those_left_out_are_named(port: int, closed: int, journal: Journal) -> None:
    backend = Scripted(calls(tcp(port), tcp(closed)), rounds=1)
    conversation = Conversation(backend, Settings(), journal, limits=Limits(calls=1))
    [answer] = asked(conversation, f"ports {port} and {closed} of 127.0.0.1")
    assert [step.call for step in answer.steps] == [tcp(port)]
    assert f"port={closed}" in answer.missing[0]


def test_what_the_gate_refuses_is_told_to_the_model_and_not_kept(port: int, journal: Journal) -> None:
    foreign = tcp(port, "192.0.2.77")
    backend = Scripted(calls(foreign), calls(tcp(port)), says("Open."), calls(tcp(port)), rounds=6)
    conversation = Conversation(backend, Settings(), journal)
    [answer] = asked(conversation, f"is port {port} of 127.0.0.1 open?")
    assert [(step.status, step.refusal) for step in answer.steps] == [("refused", "ungrounded"), ("ok", None)]
    assert "does not come from the request" in backend.asked[1].so_far[0].results[0]
    backend.plans = [says("Nothing to do.")]
    asked(conversation, "thanks")
    assert [call for exchange in backend.asked[-1].earlier for call in exchange.calls] == [tcp(port)]


def test_a_backend_that_fails_later_leaves_what_was_measured(port: int, journal: Journal) -> None:
    backend = Scripted(calls(tcp(port)), BackendError("the server hung up"), rounds=6)
    [answer] = asked(Conversation(backend, Settings(), journal), f"is port {port} of 127.0.0.1 open?")
    assert (answer.outcome, answer.steps[0].status) == ("answered", "ok")
    assert "the server hung up" in answer.missing[0]


def test_interrupting_the_second_plan_leaves_what_was_measured(port: int, journal: Journal) -> None:
    backend = Scripted(calls(tcp(port)), rounds=6)
    conversation = Conversation(backend, Settings(), journal)

    async def talk() -> Answer:
        asking = asyncio.ensure_future(conversation.ask(f"is port {port} of 127.0.0.1 open?"))
        await backend.thinking.wait()
        conversation.interrupt()
        return await asking

    answer = asyncio.run(talk())
    assert (answer.interrupted, answer.steps[0].status, answer.missing) == (True, "ok", ())


def test_interrupting_an_approval_leaves_what_was_measured(port: int, journal: Journal) -> None:
    questioned = asyncio.Event()

    async def approve(call: Call, risk: Risk) -> bool:
        questioned.set()
        await asyncio.Event().wait()
        return True

    scan = Call("nmap_scan", {"target": "127.0.0.1", "profile": "vuln"})
    measured = asyncio.Event()

    def tell(event: Event) -> None:
        if isinstance(event, Finished):
            measured.set()

    conversation = Conversation(Scripted(calls(tcp(port), scan)), Settings(), journal, approve=approve, tell=tell)

    async def talk() -> Answer:
        asking = asyncio.ensure_future(conversation.ask(f"port {port} of 127.0.0.1, and scan it for vulnerabilities"))
        await questioned.wait()
        await measured.wait()
        conversation.interrupt()
        return await asking

    answer = asyncio.run(talk())
    assert (answer.interrupted, answer.steps[0].status, answer.steps[1].refusal) == (True, "ok", "denied")
    assert "not begun: interrupted" in (answer.steps[1].message or "")


def test_when_the_time_is_over_what_is_known_is_answered(port: int, journal: Journal) -> None:
    backend = Scripted(calls(tcp(port)), rounds=6)
    conversation = Conversation(backend, Settings(), journal, limits=Limits(seconds=3))
    [answer] = asked(conversation, f"is port {port} of 127.0.0.1 open?")
    assert (answer.interrupted, answer.steps[0].status) == (False, "ok")
    assert answer.missing == ("the rest, for the 3 seconds for this request are over",)


def test_a_probe_is_stopped_when_the_time_is_over(journal: Journal) -> None:
    backend = Scripted(calls(Call("ping", {"host": "127.0.0.1", "count": 100})))
    conversation = Conversation(backend, Settings(), journal, limits=Limits(seconds=1))
    [answer] = asked(conversation, "ping 127.0.0.1 100 times")
    assert answer.steps[0].status in ("partial", "failed")
    assert "are over" in answer.missing[0]


def test_no_plan_in_time_is_an_error(journal: Journal) -> None:
    conversation = Conversation(Scripted(), Settings(), journal, limits=Limits(seconds=0.05))
    with pytest.raises(BackendError, match=r"nothing was run, for the 0\.05 seconds for this request are over"):
        asked(conversation, "ping 127.0.0.1")


def test_a_handler_that_never_ends_is_dropped_once_it_is_stopped(
    port: int, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    from netassist import toolbox
    from netassist.network import Network
    from netassist.observations import Report

    hanging, real = asyncio.Event(), toolbox.run

    async def run(call: Call, network: Network) -> Report:
        if call.name == "ping":
            hanging.set()
            await asyncio.Event().wait()
        return await real(call, network)

    monkeypatch.setattr("netassist.assistant.running.run", run)
    monkeypatch.setattr("netassist.assistant.running.GRACE", 0.05)
    backend = Scripted(calls(tcp(port), Call("ping", {"host": "127.0.0.1"})))
    conversation = Conversation(backend, Settings(), journal)

    async def talk() -> Answer:
        asking = asyncio.ensure_future(conversation.ask(f"port {port} of 127.0.0.1, and ping it"))
        await hanging.wait()
        conversation.interrupt()
        return await asking

    answer = asyncio.run(talk())
    assert answer.interrupted
    assert answer.steps[1].status == "failed"
    assert "did not end when it was stopped" in (answer.steps[1].message or "")


def test_who_planned_it_stands_in_the_answer_and_in_the_journal(port: int, journal: Journal) -> None:
    plan = Plan("call", (tcp(port),), planned_by="turbollm/small/v1", usage=Usage(100, 10))
    backend = Scripted(plan, Plan("no_call", text="Open.", planned_by="turbollm/small/v1", usage=Usage(150, 5, True)), rounds=6)
    [answer] = asked(Conversation(backend, Settings(), journal), f"is port {port} of 127.0.0.1 open?")
    assert (answer.backend, answer.model, answer.usage) == ("turbollm", "small/v1", Usage(250, 15, True))
    [line] = [json.loads(line) for line in journal.path.read_text(encoding="utf-8").splitlines()]
    assert json.dumps(line).count("turbollm/small/v1") == 1


def test_what_a_model_writes_is_fit_to_be_shown(port: int, journal: Journal) -> None:
    backend = Scripted(calls(tcp(port)), says("\x1b[31mOpen\x1b[0m\n| a | b |\u202e\n" + "x" * 50_000), rounds=6)
    [answer] = asked(Conversation(backend, Settings(), journal), f"is port {port} of 127.0.0.1 open?")
    assert answer.written.splitlines()[:2] == ["Open", "| a | b |"]
    assert len(answer.written) < 17_000


# A plan that the backend is not sure of


def counting(consent: Consent) -> tuple[Callable[[Sequence[Call]], object], list[Sequence[Call]]]:
    questioned: list[Sequence[Call]] = []

    async def confirm(planned: Sequence[Call]) -> Consent:
        questioned.append(planned)
        return consent

    return confirm, questioned


@pytest.mark.parametrize("yes", ["yes", "Ja.", "do it", "ok, go ahead", "yes please", "oui"])
def test_an_unsure_plan_is_shown_and_a_yes_runs_exactly_that(port: int, journal: Journal, yes: str) -> None:
    backend = Scripted(calls(tcp(port), unsure=True))
    question, answer = asked(Conversation(backend, Settings(), journal), f"uh 127.0.0.1 {port} thing", yes)
    assert (question.outcome, question.steps) == ("clarify", ())
    assert question.answer == f"I read this as tcp_check host=127.0.0.1 port={port}. Say yes, or put it in other words."
    assert [(step.call, step.status) for step in answer.steps] == [(tcp(port), "ok")]
    assert len(backend.asked) == 1
    assert not answer.unsure


def test_other_words_drop_what_was_offered(port: int, closed: int, journal: Journal) -> None:
    backend = Scripted(calls(tcp(port), unsure=True), calls(tcp(closed)))
    _, answer, again = asked(Conversation(backend, Settings(), journal), f"uh 127.0.0.1 {port}", f"port {closed} of it", "yes")
    assert [step.call for step in answer.steps] == [tcp(closed)]
    assert (again.outcome, again.steps) == ("clarify", ())


def test_a_no_runs_nothing(port: int, journal: Journal) -> None:
    backend = Scripted(calls(tcp(port), unsure=True))
    _, answer = asked(Conversation(backend, Settings(), journal), f"uh 127.0.0.1 {port}", "no")
    assert (answer.outcome, answer.steps, len(backend.asked)) == ("no_call", (), 1)


def test_where_somebody_is_there_he_is_asked_at_once(port: int, journal: Journal) -> None:
    confirm, questioned = counting("yes")
    backend = Scripted(calls(tcp(port), unsure=True))
    [answer] = asked(Conversation(backend, Settings(), journal, confirm=confirm), f"uh 127.0.0.1 {port}")  # type: ignore[arg-type]
    assert (questioned, answer.steps[0].status, answer.unsure) == ([(tcp(port),)], "ok", False)


def test_unattended_only_a_lookup_runs_unasked(port: int, journal: Journal) -> None:
    lookup = Call("dns_lookup", {"name": "a.test"})
    with dns_server({("a.test", "A"): ("192.0.2.1",)}) as server:
        backend = Scripted(calls(lookup, unsure=True), calls(tcp(port), unsure=True))
        conversation = Conversation(backend, Settings(resolver=server.address), journal, confirm=unattended)
        looked_up, question = asked(conversation, "a.test hm", f"uh 127.0.0.1 {port}")
    assert (looked_up.steps[0].status, looked_up.unsure) == ("ok", True)
    assert "I was not sure that this is what you meant" in looked_up.answer
    assert (question.outcome, question.steps) == ("clarify", ())


def test_interrupting_the_question_runs_nothing(port: int, journal: Journal) -> None:
    questioned = asyncio.Event()

    async def confirm(planned: Sequence[Call]) -> Consent:
        questioned.set()
        await asyncio.Event().wait()
        return "yes"

    conversation = Conversation(Scripted(calls(tcp(port), unsure=True)), Settings(), journal, confirm=confirm)

    async def talk() -> None:
        asking = asyncio.ensure_future(conversation.ask(f"uh 127.0.0.1 {port}"))
        await questioned.wait()
        conversation.interrupt()
        await asking

    with pytest.raises(Interrupted, match="nothing was run"):
        asyncio.run(talk())


# What a model writes is held against what was measured


def test_what_was_not_measured_is_marked_and_listed(port: int, closed: int, journal: Journal) -> None:
    text = f"Port {port} on 127.0.0.1 is open. Port {closed} on 127.0.0.1 is open too."
    backend = Scripted(calls(tcp(port), tcp(closed)), says(text), rounds=6)
    [answer] = asked(Conversation(backend, Settings(), journal), f"are ports {port} and {closed} of 127.0.0.1 open?")
    assert answer.written != text
    assert len(answer.unverified) == 1
    assert str(closed) in answer.unverified[0] or "open" in answer.unverified[0]


def test_what_was_measured_in_an_earlier_turn_counts(port: int, journal: Journal) -> None:
    text = f"Port {port} on 127.0.0.1 was open."
    backend = Scripted(calls(tcp(port)), says("Measured."), says(text), rounds=6)
    _, answer = asked(Conversation(backend, Settings(), journal), f"check port {port} of 127.0.0.1", "so, what was it again?")
    assert (answer.outcome, answer.written, answer.unverified) == ("no_call", text, ())


def test_an_answer_out_of_nothing_is_marked(journal: Journal) -> None:
    backend = Scripted(says("The certificate of a.test expires on 2031-01-01."), rounds=6)
    [answer] = asked(Conversation(backend, Settings(), journal), "when does the certificate of a.test expire?")
    assert "2031-01-01" in answer.unverified[0]
    assert "not measured" in answer.answer


def test_a_question_of_ours_is_not_checked(port: int, journal: Journal) -> None:
    backend = Scripted(calls(tcp(port), unsure=True))
    [answer] = asked(Conversation(backend, Settings(), journal), f"uh 127.0.0.1 {port}")
    assert answer.unverified == ()
