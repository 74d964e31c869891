"""Plain command lines are read without cyclopts: what is understood means the same to it."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netassist.cli.app import app
from netassist.cli.many import command, words
from netassist.cli.many.words import Options, plain
from netassist.cli.tls import tls
from netassist.reports import formats

VALUES = st.sampled_from(
    ("text", "json", "jsonl", "xml", "443", "0", "65536", "2.5", "1e3", "0x10", "-1", "007", "+5", " 5", "nan", "", "-", "smtp",
     "mysql", "http", "high", "never", "x.txt", "/tmp/x", "example.org", "--jobs", "true", "TEXT")
)  # fmt: skip
NAMES = st.sampled_from(
    ("-i", "-f", "-o", "--input", "--format", "--output", "--port", "--starttls", "--all-addresses", "--no-active-weaknesses",
     "--jobs", "--at-once", "--delay", "--deadline", "--timeout", "--workers", "--resume", "--fail-on", "--ca-file", "--config",
     "--check-revocation", "--no-resume", "--format=json", "--port=1", "-fjson", "--", "--help", "-h", "--version", "--at_once",
     "--for")
)  # fmt: skip
HOSTS = st.sampled_from(
    ("example.org", "192.0.2.1:8443", "[2001:db8::1]:443", "https://example.org/", "a b", "ü.example", "=", "x=y")
)
LINES = st.lists(st.one_of(HOSTS.map(lambda host: (host,)), st.tuples(NAMES), st.tuples(NAMES, VALUES)), max_size=6)


def as_cyclopts_reads(words: list[str]) -> tuple[tuple[str, ...], dict[str, object]]:
    """Raises cyclopts.CycloptsError where it refuses them."""
    _, bound, _ = app.parse_args(["tls", *words], exit_on_error=False, print_error=False)
    return bound.args, dict(bound.kwargs)


@settings(deadline=None, max_examples=500)
@given(LINES)
def test_what_is_understood_means_the_same_to_cyclopts(line: list[tuple[str, ...]]) -> None:
    words = [word for part in line for word in part]
    if (said := plain(words)) is not None:
        assert said == as_cyclopts_reads(words)


@pytest.mark.parametrize(
    ("line", "hosts", "options"),
    [
        ("example.org", ("example.org",), {}),
        ("example.org -f json --no-active-weaknesses", ("example.org",), {"format": "json", "no_active_weaknesses": True}),
        ("--port 8443 a b --delay 0.5", ("a", "b"), {"port": 8443, "delay": 0.5}),
        ("-i hosts.txt --jobs 64 -f jsonl -o x --resume", (),
         {"input": Path("hosts.txt"), "jobs": 64, "format": "jsonl", "output": Path("x"), "resume": True}),
    ],
)  # fmt: skip
def test_what_people_type_is_understood(line: str, hosts: tuple[str, ...], options: dict[str, object]) -> None:
    assert plain(line.split()) == (hosts, options)


@pytest.mark.parametrize(
    "line", ["--help", "--format=json a", "-f xml a", "--port -1 a", "--jobs 1 --jobs 2 a", "-i - ", "--forma json", "-- a", "-o"]
)
def test_the_rest_is_left_to_cyclopts(line: str) -> None:
    assert plain(line.split()) is None


def test_every_option_is_known_and_has_one_default() -> None:
    explained, carried_out = (
        {name: held.default for name, held in inspect.signature(function).parameters.items() if name != "hosts"}
        for function in (tls, command.tls)
    )
    assert explained == carried_out
    assert set(explained) == set(Options.__annotations__)


def test_each_format_is_known() -> None:
    assert words._FORMATS == formats.NAMES
