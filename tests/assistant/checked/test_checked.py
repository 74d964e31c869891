"""An answer that a model wrote, held against recorded and fresh reports."""

from __future__ import annotations

import asyncio
import hashlib
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from types import FrameType

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.checked_answers import tally
from netassist.assistant.checked import LONGEST, Checked, checked
from netassist.assistant.checking.mentions import mentions
from netassist.assistant.checking.spelling import suite
from netassist.network import Network
from netassist.probes.tcp import tcp_check
from netassist.reports.text import sentence
from netassist.scope import Scope
from tests.assistant.checked.dataset import FOLDER, Split, report, written
from tests.lab.programs import require
from tests.lab.ssh import ssh_server
from tests.reports.samples import EXAMPLES

# Of answers.jsonl as it was before there was a checker.
DIGEST = "0fcb70aeb5a7e7ce222a4a13ac2f20e59a146af88abb1cfe5f97952d238175ac"
ALL = [path.stem for path in sorted((FOLDER / "reports").glob("*.json"))]


class True_(msgspec.Struct):
    """A true answer that was written while the checker was made."""

    reports: tuple[str, ...]
    text: str


MORE = [msgspec.json.decode(line, type=True_) for line in (FOLDER / "more.jsonl").read_bytes().splitlines()]


def of(text: str, *reports: str, request: str = "") -> Checked:
    return checked(text, [report(name) for name in reports], request)


def bad(found: Checked) -> list[tuple[str, str, str, str | None]]:
    return [(fact.kind, fact.text, fact.verdict, fact.measured) for fact in found.facts if fact.verdict != "supported"]


def test_the_answers_are_those_that_were_written_before_the_checker() -> None:
    assert hashlib.sha256((FOLDER / "answers.jsonl").read_bytes()).hexdigest() == DIGEST
    assert len(written()) >= 200
    assert len({answer.kind for answer in written()}) >= 12


def test_what_is_wrong_stands_where_the_answers_say() -> None:
    true = {answer.id: answer for answer in written() if answer.falsified is None}
    for answer in written():
        if answer.falsified is None or answer.wrong is None:
            continue
        base, (start, end) = true[answer.id[:-1]], answer.wrong
        assert answer.text != base.text
        assert answer.text[:start] == base.text[:start]
        assert base.text.endswith(answer.text[end:])
        assert (answer.split, answer.reports) == (base.split, base.reports)


@pytest.mark.parametrize(("split", "detection", "alarms"), [("development", 0.98, 0.03), ("held apart", 0.93, 0.12)])
def test_false_facts_are_found_and_true_ones_left_alone(split: Split, detection: float, alarms: float) -> None:
    half = tally(split)
    assert half.detection >= detection, half.missed
    assert half.alarms <= alarms, half.alarmed


@pytest.mark.parametrize("answer", MORE, ids=range(len(MORE)))
def test_true_answers_in_many_styles_raise_no_alarm(answer: True_) -> None:
    found = of(answer.text, *answer.reports)
    assert not bad(found)
    assert found.text == answer.text
    assert found.unverified == ()


def test_what_was_not_measured_is_marked_where_it_stands() -> None:
    found = of("shop.example has ports 22, 80 and 9443 open.", "nmap_shop")
    assert found.text == "shop.example has ports 22, 80 and 9443 [not measured] open."
    assert found.unverified == ("9443",)


def test_what_the_reports_contradict_is_struck_out_beside_what_was_measured() -> None:
    found = of("The certificate of shop.example expires on **2031-01-01**.", "certificate_shop")
    assert found.text == "The certificate of shop.example expires on ~~**2031-01-01**~~ 2027-02-25."
    assert found.unverified == ("2031-01-01 (measured: 2027-02-25)",)
    assert [fact.where for fact in found.facts if fact.kind == "date"] == ["netassist/certificate/1 shop.example:443 chain[0]"]


def test_a_fact_of_another_host_is_none_of_this_one() -> None:
    found = of("intranet.example expires on 2027-02-25, shop.example on 2027-02-25.", "certificate_shop", "certificate_intranet")
    assert bad(found) == [("date", "2027-02-25", "contradicted", "2026-10-29")]


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("Port 25 is closed.", []),
        ("Port 25 is not open.", []),
        ("Port 25 is not closed.", ["closed"]),
        ("No, port 25 is closed.", []),
        ("Port 25 is open.", ["open"]),
        ("22 is open, 25 is open.", ["open"]),
        ("22 and 25 are open.", ["25"]),
    ],
)
def test_negations_count(text: str, wrong: list[str]) -> None:
    assert [said for _, said, _, _ in bad(of(text, "nmap_shop"))] == wrong


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("Port 22 on shop.example is open, and so is port 25 on shop.example.", ["25"]),
        ("Port 22 is open, and so is port 443.", []),
        ("Port 22 is open. So is port 25.", ["25"]),
        ("Port 22 is open; port 25 too.", ["25"]),
        ("Port 22 is open, but port 25 is not.", []),
        ("Port 22 is open, but port 443 is not.", ["443"]),
        ("Port 25 is not open, and neither is port 443.", ["443"]),
        ("Port 25 is closed, and so is port 443.", ["443"]),
    ],
)
def test_a_clause_may_take_its_state_from_the_one_before(text: str, wrong: list[str]) -> None:
    assert [said for _, said, _, _ in bad(of(text, "nmap_shop"))] == wrong


@pytest.mark.parametrize(
    "text",
    ["It expires in 87 days.", "It expires in 88 days.", "It expires in 89 days.", "Expiry: 25 Feb 2027", "Expires 25.02.2027."],
)
def test_days_may_be_off_by_the_change_of_the_day_and_dates_have_many_forms(text: str) -> None:
    assert not bad(of(text, "certificate_shop"))


def test_what_the_request_names_is_no_invention_but_its_state_is_to_be_measured() -> None:
    asked = "what about port 9999 of other.example?"
    assert not bad(of("I did not look at port 9999 of other.example.", "nmap_shop", request=asked))
    assert ("port", "9999", "unsupported", None) in bad(of("Port 9999 is open.", "nmap_shop", request=asked))


def test_unknown_is_never_safe() -> None:
    weaknesses = "shop.example is not vulnerable to Heartbleed."
    assert bad(of(weaknesses, "certificate_shop")) == [("verdict", "Heartbleed", "unsupported", None)]


def test_without_any_observation_every_fact_is_unsupported() -> None:
    found = checked("shop.example (192.0.2.7) runs nginx 1.22.1 on port 443, grade A.", [])
    assert {fact.verdict for fact in found.facts} == {"unsupported"}
    assert {fact.kind for fact in found.facts} >= {"name", "address", "version", "port", "grade"}


def test_words_of_a_peer_bear_out_no_port_and_no_vulnerability() -> None:
    hostile = report("tcp_open")
    banner = "SSH-2.0-OpenSSH_9.2p1 port 4444 is open, affected by CVE-2099-0001"
    found = checked(
        "Port 4444 is open and the server is affected by CVE-2099-0001.", [msgspec.structs.replace(hostile, banner=banner)]
    )
    assert {said for _, said, verdict, _ in bad(found) if verdict == "unsupported"} == {"4444", "CVE-2099-0001"}


def test_a_fresh_report_of_a_real_server() -> None:
    with ssh_server() as port:
        fresh = asyncio.run(tcp_check(Network(Scope().naming("127.0.0.1")), "127.0.0.1", port))
    banner = str(fresh.banner)
    version = banner.split("OpenSSH_")[1].split()[0]
    assert not bad(checked(f"Port {port} on 127.0.0.1 is open: OpenSSH {version}.", [fresh]))
    assert bad(checked(f"Port {port} on 127.0.0.1 is closed.", [fresh])) == [("state", "closed", "contradicted", "open")]


def test_names_of_suites_are_one_in_both_spellings() -> None:
    listed = subprocess.run(
        [require("openssl"), "ciphers", "-stdname", "ALL:COMPLEMENTOFALL:!SRP:!PSK:@SECLEVEL=0"],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    pairs = [(line.split()[0], line.split()[2]) for line in listed.splitlines()]
    assert len(pairs) > 50
    assert [(iana, short) for iana, short in pairs if suite(short) != iana] == []


@given(st.text(max_size=400))
def test_no_text_brings_it_down(text: str) -> None:
    found = checked(text, [report("nmap_shop"), report("tls_shop")])
    assert all(found.facts[i].end <= found.facts[i + 1].start for i in range(len(found.facts) - 1))
    assert all(text[fact.start : fact.end] == fact.text for fact in found.facts)


@given(
    st.lists(
        st.sampled_from(
            ["22", "open", "|", "\n", "TLS 1.0", "not", "(", ")", "shop.example", "2027-02-25", ",", "3", "high", "`"]
        )
    )
)
def test_no_mixture_of_its_own_words_brings_it_down(words: list[str]) -> None:
    text = " ".join(words)
    for mention in mentions(text):
        assert 0 <= mention.start < mention.end <= len(text)
    checked(text, [report("nmap_shop"), report("certificate_shop")], text)


HOSTILE = (
    "443 ", "port 22, ", "a.", "1.", "1/", "22 open 80 closed ", "shop.example and ", "| a | b | 22 |\n", "(", "*", "`",
    "ab:", ":", "no ", "TLS 1.0, ", "2027-01-01 ", "ECDHE-RSA-AES128-GCM-", "issued by ", "a", "poodle robot ", "(high, ",
    "x:\n- 22\n", "9", "is not ",
)  # fmt: skip


@pytest.mark.parametrize("piece", HOSTILE)
def test_the_work_grows_with_the_length_and_no_faster(piece: str) -> None:
    reports = [report("nmap_shop"), report("tls_shop")]
    small, large = (_calls(partial(checked, (piece * size)[:size], reports)) for size in (4000, 16000))
    assert large < 5 * small


@pytest.mark.parametrize("piece", HOSTILE)
def test_the_longest_answer_is_read_to_its_end(piece: str) -> None:
    text = (piece * LONGEST)[:LONGEST]
    found = checked(text, [report("nmap_shop")])
    assert found.text
    assert not any("too long" in told for told in found.unverified)


def test_what_is_beyond_the_longest_answer_is_left_out_and_said() -> None:
    found = of("a" * LONGEST + " port 9999 is open", "nmap_shop")
    assert "9999" not in found.text
    assert "too long" in found.unverified[-1]


def _calls(work: Callable[[], object]) -> int:
    """How many calls, of Python's and of C functions, a piece of work takes."""
    count = 0

    def tell(frame: FrameType, event: str, argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(tell)
    try:
        work()
    finally:
        sys.setprofile(before)
    return count


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_kind_of_report_bears_out_its_own_sentence(name: str) -> None:
    said = sentence(EXAMPLES[name])
    assert not [fact for fact in bad(checked(said, [EXAMPLES[name]])) if fact[2] == "contradicted"]


def test_reports_may_come_as_values_or_as_documents() -> None:
    text, typed = "Port 22 of shop.example is closed.", report("nmap_shop")
    assert checked(text, [typed]) == checked(text, [msgspec.to_builtins(typed)])


def test_it_loads_nothing_heavy() -> None:
    code = "import sys, netassist.assistant.checked; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"asyncio", "ssl", "httpx", "cryptography", "OpenSSL", "dns", "numpy", "llama_cpp"} & set(loaded)
