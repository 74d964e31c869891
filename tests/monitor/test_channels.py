"""A channel's address and secret, one try on real servers, and errors in which no secret stands."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import time
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import pytest

from netassist.monitor.channels import Channel, ChannelTrouble, address_of, secret_of
from netassist.monitor.sending import Message, SendFailed, hidden, send, send_test
from netassist.monitor.webhook import is_signed, signature
from tests.lab.mailbox import mailbox
from tests.lab.webhook import Receiver, receiver
from tests.monitor.sample import NOON, alert, ids, notice

T = TypeVar("T")
SECRET = "0123456789abcdef0123456789abcdef"


def run(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(work)


def failure(channel: Channel, **others: Any) -> SendFailed:
    with pytest.raises(SendFailed) as raised:
        run(send(channel, message(**others), time.time()))
    return raised.value


def message(attempt: int = 1, **others: Any) -> Message:
    return Message(notice=notice(**others), attempt=attempt, alerts=(alert(evidence="ping: lost"),))


def hook(receiver: Receiver, **others: Any) -> Channel:
    return Channel(name="hook", kind="webhook", url=receiver.url, **others)


@pytest.fixture
def signed(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    monkeypatch.setenv("HOOK_SECRET", SECRET)
    return {"secret_env": "HOOK_SECRET"}


def test_a_webhook_gets_json_with_a_signature_that_holds(signed: dict[str, str]) -> None:
    with receiver() as kept:
        run(send(hook(kept, **signed), message(), time.time()))
        [received] = kept.received
    assert received.path == "/hook/s3cret-path"
    assert is_signed(SECRET.encode(), received.body, received.headers["x-netassist-signature"], time.time())
    told = json.loads(received.body)
    assert (told["schema"], told["id"], told["title"], told["attempt"]) == ("netassist/notice/1", "n1", "db1 is down", 1)
    assert told["alerts"][0] | {"level": "critical", "status": "open", "evidence": "ping: lost"} == told["alerts"][0]
    assert told["alerts"][0]["opened"] == "2026-11-28T12:00:00Z"
    assert (received.headers["x-netassist-id"], received.headers["x-netassist-attempt"]) == ("n1", "1")


def test_a_signature_does_not_hold_for_another_body_another_key_or_another_time() -> None:
    key, body = SECRET.encode(), b'{"a": 1}'
    header = signature(key, body, NOON)
    assert is_signed(key, body, header, NOON + 299)
    assert not is_signed(key, body + b" ", header, NOON)
    assert not is_signed(b"another key of some length", body, header, NOON)
    assert not is_signed(key, body, header, NOON + 301)
    assert not is_signed(key, body, header, NOON - 301)
    for broken in ("", "t=,v1=", "v1=" + "0" * 64, "t=1e9,v1=0", header.replace("t=", "t=1"), "t=¼,v1=é"):
        assert not is_signed(key, body, broken, NOON)


def test_a_second_try_says_that_it_may_have_come_before() -> None:
    with receiver() as kept:
        run(send(hook(kept), message(attempt=3), time.time()))
        [received] = kept.received
    assert received.headers["x-netassist-attempt"] == "3"
    assert json.loads(received.body)["body"].startswith("(This may have come before: it is try 3 of the same message.)")
    assert "x-netassist-signature" not in received.headers


def test_a_redirect_is_not_followed() -> None:
    with receiver("redirect") as kept:
        assert "302" in str(failure(hook(kept)))
        assert [received.path for received in kept.received] == ["/hook/s3cret-path"]


REFUSALS = [(400, True), (413, True), (401, False), (404, False), (500, False), (503, False)]


@pytest.mark.parametrize(("status", "of_notice"), REFUSALS)
def test_an_error_says_whether_it_is_the_notice_that_is_refused(status: int, of_notice: bool) -> None:
    with receiver(status) as kept:
        failed = failure(hook(kept))
    assert (str(failed), failed.of_notice) == (f"channel hook: HTTP {status}", of_notice)


def test_a_receiver_may_ask_for_time() -> None:
    with receiver(429) as kept:
        assert failure(hook(kept)).retry_after == 120


def test_a_receiver_that_hangs_is_left_after_the_time_out() -> None:
    with receiver("hang") as kept:
        assert "no answer" in str(failure(hook(kept, timeout=1.0))) or "timeout" in str(failure(hook(kept, timeout=1.0))).lower()


def test_an_answer_without_an_end_is_not_read_to_its_end() -> None:
    with receiver("endless") as kept:
        run(send(hook(kept), message(), time.time()))


def test_a_certificate_that_is_not_trusted_is_refused_and_one_of_the_own_authority_is_not(tmp_path: Path) -> None:
    import ssl

    from tests.lab.keyfiles import write
    from tests.lab.pki import authority, leaf
    from tests.lab.web import Handler, web_server

    root = authority()
    files, anchor = write(leaf(root), tmp_path), root.anchor(tmp_path)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(files.certificate, files.key)

    class Hook(Handler):
        context = server

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(204)
            self.end_headers()

    with web_server(Hook) as port:
        plain = Channel(name="hook", kind="webhook", url=f"https://localhost:{port}/")
        assert "certificate verify failed" in str(failure(plain)).lower()
        run(send(msgspec.structs.replace(plain, ca_file=str(anchor)), message(), time.time()))


def test_nobody_listens() -> None:
    with receiver() as kept:
        channel = hook(kept)
    said = str(failure(channel))
    assert said.startswith("channel hook:")
    assert "s3cret-path" not in said


def test_mail_arrives_and_keeps_its_message_id_over_all_tries() -> None:
    with mailbox() as box:
        channel = Channel(name="mail", url=box.url)
        for attempt in (1, 2):
            run(send(channel, message(attempt=attempt), time.time()))
        first, second = box.mails
    assert first["Subject"] == "db1 is down"
    assert first.get_content().strip() == "It is down."
    assert first["Message-ID"] == second["Message-ID"] == "<n1.netassist@127.0.0.1>"
    assert len(first.get_all("Message-ID", [])) == 1
    assert (first["X-Netassist-Attempt"], second["X-Netassist-Attempt"]) == ("1", "2")
    assert "may have come before" in second.get_content()


def test_two_mails_at_once_keep_their_own_ids() -> None:
    async def both(channel: Channel) -> None:
        await asyncio.gather(*(send(channel, message(id=f"n{number}"), time.time()) for number in range(8)))

    with mailbox() as box:
        run(both(Channel(name="mail", url=box.url)))
        assert sorted(mail["Message-ID"] for mail in box.mails) == [f"<n{number}.netassist@127.0.0.1>" for number in range(8)]


def test_a_mail_server_that_refuses_is_told_with_its_words() -> None:
    with mailbox(refusals=1) as box:
        said = str(failure(Channel(name="mail", url=box.url)))
    assert said.startswith("channel mail:")
    assert "451" in said


def test_an_apprise_service_is_tried_within_its_time_out_and_its_redirects_are_refused() -> None:
    with receiver("hang", "redirect", 200) as kept:
        channel = Channel(name="chat", url=kept.url.replace("http://", "json://"), timeout=1.0)
        assert "channel chat:" in str(failure(channel))
        assert "channel chat:" in str(failure(channel))
        run(send(channel, message(), time.time()))
        assert {received.path for received in kept.received} == {"/hook/s3cret-path"}
        assert kept.received[-1].headers["x-netassist-id"] == "n1"


SECRETS = ("TokenABC", "topsecret", "s3cret-path", "qqqq-value")


@pytest.mark.parametrize(
    "url",
    ["json://user:topsecret@127.0.0.1:1/s3cret-path?token=qqqq-value", "slack://TokenABC/topsecret/s3cret-path",
     "mailto://user:topsecret@127.0.0.1:1/?to=ops@lab.test&from=a@lab.test&mode=insecure", "nonsense://TokenABC/topsecret"],
)  # fmt: skip
def test_no_secret_is_in_an_error_nor_in_a_log(
    url: str, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    with caplog.at_level(logging.DEBUG):
        said = str(failure(Channel(name="chat", url=url, timeout=3.0)))
    out = capfd.readouterr()
    assert not [secret for secret in SECRETS if secret in said + caplog.text + out.out + out.err]


def test_a_webhook_leaves_no_url_in_a_log(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG), receiver(200, 500) as kept:
        run(send(hook(kept), message(), time.time()))
        failure(hook(kept))
    assert "s3cret-path" not in caplog.text


def test_what_is_hidden() -> None:
    url = "https://user:p%40ss@chat.example.org/hooks/T0KEN?key=v4lue"
    assert hidden("cannot reach chat.example.org: /hooks/T0KEN?key=v4lue as user with p@ss or p%40ss", url) == (
        "cannot reach chat.example.org: …?… as … with … or …"
    )


def test_a_channel_prints_without_its_url() -> None:
    assert "topsecret" not in repr(Channel(name="chat", url="json://user:topsecret@h/"))
    assert "topsecret" not in f"{Channel(name='chat', url='json://user:topsecret@h/')}"


def test_a_test_alert_arrives_or_says_why_not() -> None:
    with receiver(200, 503) as kept:
        assert run(send_test(hook(kept), NOON, ids())) is None
        assert run(send_test(hook(kept), NOON, ids())) == "channel hook: HTTP 503"
        assert json.loads(kept.received[0].body)["title"] == "[test] netassist reaches you"


def test_an_address_comes_from_the_environment_or_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHAT_URL", " json://h/token \n")
    assert address_of(Channel(name="chat", url_env="CHAT_URL")) == "json://h/token"
    file = tmp_path / "url"
    file.write_text("json://h/other\n")
    assert address_of(Channel(name="chat", url_file=str(file))) == "json://h/other"
    (tmp_path / "secret").write_text(SECRET + "\n")
    with_secret = Channel(name="hook", kind="webhook", url="http://h/", secret_file=str(tmp_path / "secret"))
    assert secret_of(with_secret) == SECRET.encode()


@pytest.mark.parametrize("content", [None, "", "no url with s3cret", "json://h/a b", "json://h/" + "x" * 5000])
def test_what_is_no_address_is_told_without_it(tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "url"
    if content is not None:
        file.write_text(content)
    with pytest.raises(ChannelTrouble) as raised:
        address_of(Channel(name="chat", url_file=str(file)))
    assert "s3cret" not in str(raised.value)
    assert str(file) in str(raised.value)


def test_a_variable_that_is_not_set_and_a_secret_that_is_too_short_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CHAT_URL", raising=False)
    monkeypatch.setenv("SHORT", "abc")
    assert str(failure(Channel(name="chat", url_env="CHAT_URL"))) == "channel chat: CHAT_URL is not set"
    short = Channel(name="hook", kind="webhook", url="http://127.0.0.1:1/", secret_env="SHORT")
    assert "less than 16" in str(failure(short))


def test_the_keyring_is_asked_in_a_process_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
    said = str(failure(Channel(name="chat", url_keyring=True)))
    assert said == "channel chat: the keyring has no entry; type: keyring set netassist-monitor chat"
    assert "PYTHON_KEYRING_BACKEND" in os.environ


@pytest.mark.parametrize(
    ("table", "wrong"),
    [
        ({"name": "a b", "url": "json://h"}, "name"),
        ({"name": "a"}, "needs one of url"),
        ({"name": "a", "url": "json://h", "url_env": "X"}, "needs one of url"),
        ({"name": "a", "url": "h"}, "no Apprise URL"),
        ({"name": "a", "kind": "webhook", "url": "json://h"}, "no http or https URL"),
        ({"name": "a", "url": "json://h", "secret_env": "X"}, "webhook"),
        ({"name": "a", "url": "json://h", "repeat": "5"}, "repeat"),
        ({"name": "a", "url": "json://h", "repeat": "often"}, "length of time"),
        ({"name": "a", "url": "json://h", "wait": "2h"}, "wait"),
        ({"name": "a", "url": "json://h", "timeout": 0}, "timeout"),
        ({"name": "a", "url": "json://h", "levels": ["loud"]}, "loud"),
        ({"name": "a", "url": "json://h", "colour": "red"}, "colour"),
    ],
)
def test_mistakes_in_a_channel_are_told_where_it_is_read(table: dict[str, object], wrong: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=wrong):
        msgspec.convert(table, Channel)
