"""What changed since a baseline: new, gone and unchanged, and what nobody looked for again."""

from __future__ import annotations

import msgspec

from netassist.observations import Failure, Finding, Report
from netassist.reports.changes import compared
from tests.reports.estate import BEFORE, estate
from tests.reports.samples import DISCLOSED, NO_CSP, NO_HSTS, REDIS, SHOP, certificates, http, tcp

OTHER = msgspec.structs.replace(SHOP, host="pay.example")


def with_findings(*findings: Finding, **facts: object) -> Report:
    return http(findings=findings, **facts)


def ids(noted: tuple[object, ...]) -> list[str]:
    return [str(getattr(one, "id")) for one in noted]  # noqa: B009


def test_new_gone_and_unchanged_whatever_the_evidence_says() -> None:
    before = [with_findings(NO_HSTS, NO_CSP)]
    now = [with_findings(msgspec.structs.replace(NO_CSP, evidence="other words", severity="info"), DISCLOSED)]
    changes = compared("old.json", before, now)
    assert changes.baseline == "old.json"
    assert ids(changes.new) == ["http.version_disclosed"]
    assert ids(changes.gone) == ["http.no_hsts"]
    assert ids(changes.unchanged) == ["http.no_csp"]
    assert changes.unknown == ()


def test_the_same_rule_elsewhere_is_another_finding() -> None:
    changes = compared("old", [with_findings(NO_CSP)], [with_findings(NO_CSP, target=OTHER), with_findings()])
    assert [one.host for one in changes.new] == ["pay.example"]
    assert [one.host for one in changes.gone] == ["shop.example"]


def test_nothing_is_gone_that_was_not_looked_for() -> None:
    before = [with_findings(NO_CSP)]
    late = Failure("timeout", "shop.example:443: no answer")
    for now in (
        [],
        [with_findings(target=OTHER)],
        [with_findings(status="failed", error=late)],
        [with_findings(status="partial", error=late)],
        [tcp(status="failed", error=late)],
    ):
        changes = compared("old", before, now)
        assert (ids(changes.unknown), changes.gone) == (["http.no_csp"], ())


def test_another_check_that_failed_does_not_keep_it_from_being_gone() -> None:
    late = Failure("timeout", "shop.example:443: no answer")
    now = [with_findings(), certificates(chain=(), status="failed", error=late)]
    assert ids(compared("old", [with_findings(NO_CSP)], now).gone) == ["http.no_csp"]


def test_where_a_place_has_a_rule_twice_one_of_them_can_go() -> None:
    second = msgspec.structs.replace(REDIS, evidence="another one")
    changes = compared("old", [with_findings(REDIS, second)], [with_findings(REDIS)])
    assert (len(changes.unchanged), len(changes.gone)) == (1, 1)


def test_real_audits() -> None:
    changes = compared("before", estate(BEFORE), estate())
    assert ("tls.no_post_quantum_groups", "127.0.0.40", 8443) in {(one.id, one.host, one.port) for one in changes.gone}
    assert ("http.no_csp", "127.0.0.41", 8080) in {(one.id, one.host, one.port) for one in changes.new}
    assert ("certificate.expired", "127.0.0.41", 8443) in {(one.id, one.host, one.port) for one in changes.unchanged}
    assert compared("now", estate(), estate()).new == ()
