"""Phrases that point at results, in the words that people use."""

from __future__ import annotations

import pytest

from netassist.entities import recognise
from netassist.entities.pointing import means_earlier, pointings


@pytest.mark.parametrize(
    ("request_text", "what", "phrase", "port"),
    [
        ("scan the ones with port 443 open", "open", "the ones with port 443 open", 443),
        ("scan those with 443 open", "open", "those with 443 open", 443),
        ("full scan of the hosts that have port 22 open please", "open", "the hosts that have port 22 open", 22),
        ("audit the tls of the ones where port 8443 is open", "open", "the ones where port 8443 is open", 8443),
        ("check ssh on every host with an open port 22", "open", "every host with an open port 22", 22),
        ("test the servers with https open", "open", "the servers with https open", 443),
        ("check the ones listening on 443", "open", "the ones listening on 443", 443),
        ("scanne die mit offenem Port 443", "open", "die mit offenem Port 443", 443),
        ("prüfe die Rechner, bei denen Port 22 offen ist", "open", "die Rechner, bei denen Port 22 offen ist", 22),
        ("scanne ceux qui ont le port 443 ouvert", "open", "ceux qui ont le port 443 ouvert", 443),
        ("escanea los que tienen el puerto 443 abierto", "open", "los que tienen el puerto 443 abierto", 443),
        ("full scan of the hosts that answered", "up", "the hosts that answered", None),
        ("check the certificate of the live hosts", "up", "the live hosts", None),
        ("scanne die erreichbaren Rechner", "up", "die erreichbaren Rechner", None),
        ("check the mail servers you found", "mail", "the mail servers you found", None),
        ("and its mail server?", "mail", "its mail server", None),
        ("prüfe die Mailserver, die du gefunden hast", "mail", "die Mailserver, die du gefunden hast", None),
        ("ping the name servers you listed", "name_servers", "the name servers you listed", None),
        ("scan the addresses you found", "addresses", "the addresses you found", None),
        ("ping what it resolves to", "addresses", "what it resolves to", None),
        ("scan what you found", "found", "what you found", None),
        ("which of those hosts support TLS 1.3?", "found", "those hosts", None),
        ("watch the hosts you found every 5 minutes", "found", "the hosts you found", None),
        ("scanne alles, was du gefunden hast", "found", "alles, was du gefunden hast", None),
        ("scanne diese Hosts", "found", "diese Hosts", None),
    ],
)
def test_a_phrase_points_at_earlier_results(request_text: str, what: str, phrase: str, port: int | None) -> None:
    [pointing] = pointings(request_text)
    assert (pointing.what, pointing.text, pointing.port) == (what, phrase, port)
    assert request_text[pointing.start : pointing.end] == phrase
    assert means_earlier(pointing, request_text, recognise(request_text))


@pytest.mark.parametrize(
    "request_text",
    [
        "scan 10.0.0.0/24 and audit the ones with port 443 open",
        "scan 10.0.0.0/24 and audit what you find",
        "are there hosts with port 22 open in 10.0.0.0/28",
        "show me the ones with port 443 open",
        "which hosts have port 443 open?",
        "check the certificate of example.org and its mail server",
        "check the mail servers of example.org",
        "list the mail servers you found",
    ],
)
def test_a_phrase_speaks_of_what_is_still_to_come_or_is_all_that_is_asked(request_text: str) -> None:
    named = recognise(request_text)
    assert not any(means_earlier(pointing, request_text, named) for pointing in pointings(request_text))


@pytest.mark.parametrize(
    "request_text",
    [
        "is port 443 open on 10.0.0.7",
        "same for 10.0.0.7",
        "now a full scan",
        "scan them",
        "ping 10.0.0.1",
        "",
        "those were the days",
    ],
)
def test_other_words_point_at_nothing(request_text: str) -> None:
    assert pointings(request_text) == ()


def test_a_long_request_is_read_in_linear_time() -> None:
    """Twice the text may take twice the steps; a request has 8,000 characters at most."""
    assert pointings("the hosts that " * 500) == ()
    assert len(pointings("the ones with port 443 open " * 280)) == 280
