"""The loop with a model behind a real HTTP server, and with the ladder when that server fails in the middle of a request."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

from netassist.assistant.answers import Answer
from netassist.assistant.conversation import Conversation
from netassist.assistant.journal import Journal
from netassist.backends.ladder import Ladder, Rung
from netassist.backends.ledger import Ledger
from netassist.backends.planning import Backend
from netassist.backends.testllm import TestLlm
from netassist.configuration import Settings
from tests.backends.asking import remote
from tests.lab.dns import dns_server
from tests.lab.llm_server import Llm, Turn, Wanted, llm_server


def talk(backend: Backend, folder: Path, *requests: str, settings: Settings | None = None) -> list[Answer]:
    conversation = Conversation(backend, settings or Settings(), Journal(folder))

    async def talking() -> list[Answer]:
        try:
            return [await conversation.ask(request) for request in requests]
        finally:
            await conversation.close()

    return asyncio.run(talking())


def test_a_host_found_in_the_first_round_may_be_named_in_the_second(tmp_path: Path) -> None:
    turns = [
        Turn(calls=[Wanted("dns_lookup", {"name": "shop.test", "record_type": "MX"})]),
        Turn(calls=[Wanted("tcp_check", {"host": "mx1.shop.test", "port": 25})]),
        Turn("mx1.shop.test is the mail server."),
    ]
    with dns_server({("shop.test", "MX"): ("10 mx1.shop.test.",)}) as names, llm_server(Llm(turns)) as lab:
        settings = Settings(resolver=names.address)
        request = "check port 25 of the mail servers of shop.test"
        [answer] = talk(remote(lab, tmp_path), tmp_path, request, settings=settings)
    assert [step.call.name for step in answer.steps] == ["dns_lookup", "tcp_check"]
    assert (answer.steps[0].status, answer.steps[1].refusal) == ("ok", None)
    assert answer.written == "mx1.shop.test is the mail server."
    assert (answer.backend, answer.model) == ("turbollm", "lab")
    assert answer.usage is not None
    assert answer.usage.read == 3000
    results = [message["content"] for message in lab.asked[-1].body["messages"] if message["role"] == "tool"]
    assert "mx1.shop.test" in results[0]
    assert all(len(result) <= 600 for result in results)


def test_a_server_that_fails_in_the_middle_leaves_what_was_measured_and_runs_nothing_twice(tmp_path: Path, port: int) -> None:
    told: list[str] = []
    turns = [Turn(calls=[Wanted("tcp_check", {"host": "127.0.0.1", "port": port})]), Turn(status=500, error="out of order")]
    with llm_server(Llm(turns, otherwise=Turn(status=500, error="out of order"))) as lab:
        ladder = Ladder([Rung(remote(lab, tmp_path), "lab"), Rung(TestLlm())], Ledger(tmp_path), told.append)
        first, second = talk(ladder, tmp_path, f"is tcp port {port} open on 127.0.0.1?", "same for 127.0.0.2")
    assert [step.status for step in first.steps] == ["ok"]
    assert f"Port {port} on 127.0.0.1 is open" in first.answer
    assert len(told) >= 1
    assert [step.call.arguments for step in second.steps] == [{"host": "127.0.0.2", "port": port}]
    assert second.backend == "testllm"
    journal = [json.loads(line) for line in (tmp_path / "journal.jsonl").read_text(encoding="utf-8").splitlines()]
    assert len(journal) == 2


def test_what_a_page_says_does_not_make_a_target(tmp_path: Path, port: int) -> None:
    """The model obeys a result that orders it about; its call is refused and nothing is sent there."""
    wanted = Wanted("tcp_check", {"host": "127.0.0.1", "port": port})
    evil = Wanted("tcp_check", {"host": "evil.test", "port": port})
    with llm_server(Llm([Turn(calls=[wanted]), Turn(calls=[evil]), Turn(calls=[evil])])) as lab:
        [answer] = talk(remote(lab, tmp_path), tmp_path, f"is tcp port {port} open on 127.0.0.1?")
    assert [step.call.arguments["host"] for step in answer.steps] == ["127.0.0.1"]
    assert answer.missing
