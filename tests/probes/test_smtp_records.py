"""SPF, DMARC, MTA-STS and TLS reporting: what records say, and what of them is wrong."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netassist.observations import Failed
from netassist.probes.smtp_policies import MtaSts, read_dmarc, read_mta_sts, read_policy, read_tls_rpt
from netassist.probes.smtp_spf import MOST_LOOKUPS, Spf, is_spf, read, spf


def evaluated(records: Mapping[str, str | tuple[str, ...]], name: str = "lab.test") -> Spf:
    asked: list[str] = []

    async def texts(wanted: str) -> tuple[str, ...]:
        asked.append(wanted)
        assert len(asked) < 100
        held = records.get(wanted, ())
        if held == "silent":
            raise Failed("timeout", f"{wanted} TXT: no answer within 5 s")
        return (held,) if isinstance(held, str) else held

    return asyncio.run(spf(name, texts))


@pytest.mark.parametrize(
    ("record", "others", "lookups"),
    [
        ("v=spf1 -all", "fail", 0),
        ("v=spf1 ~all", "softfail", 0),
        ("v=spf1 ?all", "neutral", 0),
        ("v=spf1 all", "pass", 0),
        ("v=spf1", "neutral", 0),
        ("V=SPF1 MX A:mail.lab.test/24//64 -ALL", "fail", 2),
        ("v=spf1 ip4:192.0.2.0/24 ip6:2001:db8::/32 -all", "fail", 0),
        ("v=spf1 a/24 mx:lab.test//64 ptr exists:%{i}._spf.lab.test -all", "fail", 4),
        ("v=spf1 -all mx a include:other.test redirect=other.test", "fail", 0),
        ("v=spf1 mx redirect=strict.test", "fail", 2),
        ("v=spf1 include:strict.test ~all", "softfail", 1),
        ("v=spf1 future=anything -all", "fail", 0),
        ("v=spf1 redirect=strict.test ~all", "softfail", 0),
    ],
)
def test_what_a_record_says_of_everybody_else(record: str, others: str, lookups: int) -> None:
    found = evaluated({"lab.test": record, "strict.test": "v=spf1 ip4:192.0.2.1 -all"})
    assert (found.verdict, found.others, found.lookups, found.problems) == ("present", others, lookups, ())


@pytest.mark.parametrize(
    "record",
    [
        "v=spf1 ip4:192.0.2.0/33 -all",
        "v=spf1 ip4:2001:db8::1 -all",
        "v=spf1 ip6:192.0.2.1 -all",
        "v=spf1 ip4 -all",
        "v=spf1 include -all",
        "v=spf1 include: -all",
        "v=spf1 a/99 -all",
        "v=spf1 mx//129 -all",
        "v=spf1 ptr/24 -all",
        "v=spf1 all:lab.test",
        "v=spf1 ipv4:192.0.2.1 -all",
        "v=spf1 -all exists:%{z}.lab.test",
        "v=spf1 exists:%{i.lab.test -all",
        "v=spf1 redirect= ",
        "v=spf1 !all",
    ],
)
def test_what_is_no_spf(record: str) -> None:
    assert evaluated({"lab.test": record}).verdict == "invalid"


def test_the_limit_of_look_ups_counts_what_is_included() -> None:
    ten = " ".join(f"include:i{number}.test" for number in range(MOST_LOOKUPS))
    records = {f"i{number}.test": "v=spf1 ip4:192.0.2.1 ?all" for number in range(MOST_LOOKUPS)}
    at_limit = evaluated({"lab.test": f"v=spf1 {ten} -all", **records})
    assert (at_limit.verdict, at_limit.lookups) == ("present", MOST_LOOKUPS)
    beyond = evaluated({"lab.test": f"v=spf1 {ten} -all", **records, "i3.test": "v=spf1 mx -all"})
    assert (beyond.verdict, beyond.lookups) == ("invalid", MOST_LOOKUPS + 1)
    assert "11 DNS look-ups, where 10 are allowed" in beyond.problems


def test_a_circle_ends_and_is_told() -> None:
    found = evaluated({"lab.test": "v=spf1 include:other.test -all", "other.test": "v=spf1 redirect=lab.test"})
    assert found.verdict == "invalid"
    assert any("leads back to lab.test" in problem for problem in found.problems)


def test_a_fan_of_includes_is_not_followed_without_end() -> None:
    async def texts(wanted: str) -> tuple[str, ...]:
        return (f"v=spf1 include:a.{wanted} include:b.{wanted} -all",)

    found = asyncio.run(spf("lab.test", texts))
    assert (found.verdict, found.lookups is not None and found.lookups < 100) == ("invalid", True)


def test_no_record_two_records_and_no_answer() -> None:
    assert evaluated({}).verdict == "absent"
    assert evaluated({"lab.test": ("v=spf10 -all", "spf1")}).verdict == "absent"
    assert evaluated({"lab.test": ("v=spf1 -all", "v=spf1 mx -all")}).verdict == "invalid"
    assert evaluated({"lab.test": "silent"}).verdict == "unknown"
    behind = evaluated({"lab.test": "v=spf1 include:other.test -all", "other.test": "silent"})
    assert (behind.verdict, behind.others) == ("unknown", None)
    missing = evaluated({"lab.test": "v=spf1 include:other.test -all"})
    assert missing.problems == ("include names other.test, which has no SPF record",)


@given(st.text(max_size=200))
def test_no_record_upsets_the_readers(text: str) -> None:
    read(f"v=spf1 {text}")
    is_spf(text)
    read_dmarc([f"v=DMARC1; {text}"], "lab.test", inherited=False)
    read_mta_sts([text])
    read_policy(MtaSts(verdict="present"), text, ["mx.lab.test"])
    read_tls_rpt([text])


@pytest.mark.parametrize(
    ("record", "verdict", "policy"),
    [
        ("v=DMARC1; p=reject", "present", "reject"),
        ("v=DMARC1;p=quarantine;rua=mailto:a@lab.test,mailto:b@lab.test!10m;pct=50;adkim=s", "present", "quarantine"),
        ("v=DMARC1; p=none; sp=reject", "present", "none"),
        ("v=DMARC1", "invalid", None),
        ("v=DMARC1; p=block", "invalid", None),
        ("v=dmarc1; p=reject", "invalid", "reject"),
        ("v=DMARC1; p=reject; pct=200", "invalid", "reject"),
        ("v=DMARC1; p=reject; rua=lab.test", "invalid", "reject"),
        ("v=DMARC1; p=reject; aspf=x", "invalid", "reject"),
    ],
)
def test_dmarc(record: str, verdict: str, policy: str | None) -> None:
    found = read_dmarc([record], "lab.test", inherited=False)
    assert (found.verdict, found.policy) == (verdict, policy)


def test_subdomains_have_the_policy_that_is_meant_for_them() -> None:
    assert read_dmarc(["v=DMARC1; p=reject; sp=none"], "lab.test", inherited=True).policy == "none"
    assert read_dmarc(["v=DMARC1; p=reject"], "lab.test", inherited=True).policy == "reject"
    assert read_dmarc(["v=DMARC1; p=reject"] * 2, "lab.test", inherited=False).verdict == "invalid"


POLICY = "version: STSv1\r\nmode: enforce\r\nmx: mx.lab.test\r\nmx: *.mail.test\r\nmax_age: 604800\r\n"


def test_an_mta_sts_policy_covers_servers_by_name_and_by_one_label() -> None:
    servers = ["mx.lab.test", "a.mail.test", "a.b.mail.test", "mail.test"]
    found = read_policy(MtaSts(verdict="present", id="1"), POLICY, servers)
    assert (found.verdict, found.mode, found.max_age, found.uncovered) == (
        "present", "enforce", 604800, ("a.b.mail.test", "mail.test"),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("STSv1", "STSv2"),
        ("enforce", "strict"),
        ("604800", "-1"),
        ("604800", "99999999999"),
        ("mx: mx.lab.test\r\nmx: *.mail.test", ""),
    ],
)
def test_what_is_no_policy(old: str, new: str) -> None:
    assert read_policy(MtaSts(verdict="present"), POLICY.replace(old, new), []).verdict == "invalid"


def test_announcements() -> None:
    assert read_mta_sts([]).verdict == "absent"
    assert read_mta_sts(["v=STSv1; id=20260101"]).verdict == "present"
    assert read_mta_sts(["v=STSv1"]).verdict == "invalid"
    assert read_mta_sts(["v=STSv1; id=1"] * 2).verdict == "invalid"
    assert read_tls_rpt(["v=TLSRPTv1; rua=mailto:a@lab.test"]).reports_to == ("mailto:a@lab.test",)
    assert read_tls_rpt(["v=TLSRPTv1"]).verdict == "invalid"
