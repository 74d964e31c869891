"""The verdict on TLSA records against OpenSSL's own: `openssl s_client` is given the same records for the same server."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

from netassist.tls.dane import Shown, dane
from netassist.tls.published import Answer
from netassist.tls.trust import anchors, judge_chain
from tests.lab.pki import Identity, authority, leaf
from tests.lab.programs import require
from tests.lab.tls import tls_server
from tests.tls.test_dane import KINDS, der, record

HOST = "mail.lab.test"


class Stage(NamedTuple):
    port: int
    anchor: Path
    chain: tuple[bytes, ...]
    people: dict[str, Identity]


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    require("openssl")
    root = authority()
    middle = authority("Lab Intermediate", root)
    own = leaf(middle, dns=(HOST,), ips=())
    sent = own._replace(chain=(middle.certificate, root.certificate))
    people = {"leaf": own, "middle": middle, "root": root, "stranger": authority("Stranger")}
    with tls_server(sent) as server:
        anchor = root.anchor(tmp_path_factory.mktemp("anchors"))
        yield Stage(server.port, anchor, (der(own), der(middle), der(root)), people)


def openssl_agrees(stage: Stage, records: Sequence[bytes], *, trusted: bool) -> bool:
    """Whether OpenSSL verifies the server by these records; with DANE-EE names do not matter only where it is told so."""
    given = [part for held in records for part in ("-dane_tlsa_rrdata", f"{held[0]} {held[1]} {held[2]} {held[3:].hex()}")]
    trust = ["-CAfile", str(stage.anchor)] if trusted else ["-no-CAfile", "-no-CApath", "-no-CAstore"]
    done = subprocess.run(
        [require("openssl"), "s_client", "-connect", f"127.0.0.1:{stage.port}", "-servername", HOST, "-dane_tlsa_domain", HOST,
         "-dane_ee_no_namechecks", *given, "-verify_return_error", "-verify_hostname", HOST, *trust],
        stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False,
    )  # fmt: skip
    return b"Verification: OK" in done.stdout


def here(stage: Stage, records: Sequence[bytes], *, trusted: bool) -> bool:
    trust = judge_chain(stage.chain, anchors(stage.anchor if trusted else None))
    return dane(Answer(HOST, tuple(records), authenticated=True), Shown(stage.chain, trust, True)).verdict == "matches"


@pytest.mark.parametrize("trusted", [True, False])
@pytest.mark.parametrize("usage", range(4))
def test_each_record_is_judged_as_openssl_does(stage: Stage, usage: int, trusted: bool) -> None:
    seen = set()
    for selector, matching in KINDS:
        for name, whose in stage.people.items():
            records = [record(whose, usage, selector, matching)]
            ours, theirs = here(stage, records, trusted=trusted), openssl_agrees(stage, records, trusted=trusted)
            assert ours == theirs, (usage, selector, matching, name)
            seen.add(theirs)
    assert seen == ({True, False} if trusted or usage in (2, 3) else {False}), "OpenSSL tells right from wrong"


def test_sets_of_records_are_judged_as_openssl_does(stage: Stage) -> None:
    own, stranger = stage.people["leaf"], stage.people["stranger"]
    sets = (
        [record(own, 3, 1, 1), record(stranger, 3, 1, 2)],
        [record(own, 3, 1, 1), record(stranger, 3, 0, 2)],
        [record(own, 3, 1, 2), record(stranger, 3, 1, 1)],
        [record(stranger, 3, 1, 1), record(own, 3, 0, 1)],
        [record(stranger, 2, 1, 1), record(own, 3, 1, 1)],
    )
    for records in sets:
        ours, theirs = here(stage, records, trusted=False), openssl_agrees(stage, records, trusted=False)
        assert ours == theirs, [held[:3] for held in records]
