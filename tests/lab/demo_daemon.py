"""The daemon, shown: it watches servers on this machine, one goes down, people are told, it comes back; everything is measured.

    python -m tests.lab.demo_daemon

A minute or so. A webhook and a mail server of ours take the messages.
"""

from __future__ import annotations

import contextlib
import json
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import NamedTuple

from tests.cli.program import OURS
from tests.lab.http import Page, http_server
from tests.lab.mailbox import Mailbox, mailbox
from tests.lab.pki import authority, leaf
from tests.lab.tls import tls_server
from tests.lab.webhook import Receiver, receiver
from tests.monitor.process import Watching, watching

SHOP, WEB = "127.0.0.30", "127.0.0.31"
QUESTIONS = ("What is being watched?", "Any open alerts?", f"How was {WEB} over the last day?")

_PLAN = """
[page]
title = "The lab"

[defaults]
interval = 5
failures = 2
of = 3

[diagnosis]
tools = ["tcp_check", "ping"]

[[channel]]
name = "chat"
kind = "webhook"
url = "{hook}"
secret_env = "DEMO_SECRET"
wait = 1

[[channel]]
name = "mail"
url = "{mail}"
wait = 1

[[watch]]
host = "http://{web}:{web_port}/"
check = "http"
group = "Shop"
limits = {{content = "Welcome"}}

[[watch]]
host = "{web}"
check = "icmp"
group = "Shop"

[[watch]]
host = "{shop}"
port = {shop_port}
check = ["tcp", "certificate", "quantum"]
group = "Shop"
"""


class Scene(NamedTuple):
    """A daemon that watches a shop with TLS and a web server; `web_port` is the port of the latter, which comes and goes."""

    daemon: Watching
    hook: Receiver
    mails: Mailbox
    web_port: int

    @property
    def web_key(self) -> str:
        return f"http http://{WEB}:{self.web_port}/"


@contextlib.contextmanager
def web(port: int = 0) -> Iterator[int]:
    """The web server that goes down and comes back."""
    page = {"/": Page(headers={"Content-Type": "text/html"}, body=b"<h1>Welcome</h1>")}
    with http_server(page, host=WEB, port=port) as served:
        yield served.port


@contextlib.contextmanager
def scene(folder: Path, web_port: int) -> Iterator[Scene]:
    """The servers that stay, and a daemon that is ready."""
    root = authority("Lab Root")
    identity = leaf(root, dns=("shop.example",), ips=(SHOP,), key="rsa")
    with (
        receiver() as hook,
        mailbox() as mails,
        tls_server(identity, groups="X25519MLKEM768:X25519", address=(SHOP, 0)) as shop,
        watching(folder / "daemon") as daemon,
    ):
        plan = _PLAN.format(hook=hook.url, mail=mails.url, web=WEB, web_port=web_port, shop=SHOP, shop_port=shop.port)
        daemon.plan.write_text(plan)
        (folder / "config.toml").write_text(f'ca_file = "{root.anchor(folder)}"\n')
        daemon.environment |= {"NETASSIST_CONFIG": str(folder / "config.toml"), "DEMO_SECRET": "0123456789abcdef0123"}
        daemon.start()
        yield Scene(daemon, hook, mails, web_port)
        say("netassist daemon stop")
        print(daemon.command("stop").stdout.strip())
        if daemon.ended() != 0:
            raise RuntimeError(f"the daemon did not end cleanly: {daemon.said()}")


class _Text(HTMLParser):
    """What a person reads of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self._hidden += tag in ("style", "svg", "nav")

    def handle_endtag(self, tag: str) -> None:
        self._hidden -= tag in ("style", "svg", "nav")

    def handle_data(self, data: str) -> None:
        text = " ".join(data.split())
        if text and not self._hidden:
            self.lines.append(text)


def read(html: str) -> list[str]:
    """The texts of a page, in order."""
    parser = _Text()
    parser.feed(html)
    return parser.lines


def say(what: str) -> None:
    print(f"\n— {what}", flush=True)


def tell_messages(seen: Scene, number: int) -> None:
    """Wait until each channel has been told so many times, and show the last."""
    posted = seen.hook.wait_for(number, 60)[number - 1]
    body = json.loads(posted.body)
    print(f"webhook ({posted.headers['x-netassist-signature'][:20]}…): {body['title']}")
    for alert in body["alerts"] if number == 1 else ():  # what was found when it opened
        print("\n".join(f"    {line}" for line in alert["evidence"].splitlines()))
    mail = seen.mails.wait_for(number, 60)[number - 1]
    print(f"mail to {mail['To']}: {mail['Subject']}")


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="netassist-demo-") as name:
        with web() as port:
            pass  # a port of its own, free again
        with scene(Path(name), port) as seen:
            play(seen)


def play(seen: Scene) -> None:
    """The story, from up over down to up."""
    with web(seen.web_port):
        say("all of it is up")
        seen.daemon.until("/v1/states", f'"watch":"{seen.web_key}","standing":"up"')
        seen.daemon.until("/", "Everything is up")
        print(seen.daemon.command("status").stdout, end="")
    say("the web server goes down")
    seen.daemon.until("/v1/alerts?status=open", seen.web_key)
    tell_messages(seen, 1)
    say("the page")
    show_page(seen)
    for question in QUESTIONS[1:2]:
        ask(seen, question)
    with web(seen.web_port):
        say("it comes back")
        seen.daemon.until("/v1/alerts?status=resolved", seen.web_key)
        tell_messages(seen, 2)
        for question in QUESTIONS:
            ask(seen, question)
        say("the page")
        show_page(seen)


def show_page(seen: Scene) -> None:
    """Its headline, and its latest incident."""
    lines = read(seen.daemon.asks("GET", "/").text)
    start = max(place for place, line in enumerate(lines) if line == "Incidents") + 1
    print("\n".join(f"  {line}" for line in (lines[0], *lines[start : start + 4])))


def ask(seen: Scene, question: str) -> None:
    """The assistant, on the command line, beside the daemon."""
    print(f"\n$ netassist ask {shlex.quote(question)}", flush=True)
    code = subprocess.run([*OURS, "ask", question], env=seen.daemon.environment, stdin=subprocess.DEVNULL, check=False).returncode
    if code not in (0, 1):
        sys.exit(f"the demonstration stopped: netassist ended with code {code}")


if __name__ == "__main__":
    main()
