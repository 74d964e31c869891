"""``netassist run … --check-revocation``: what it adds to the scope, and what it never does."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from netassist.cli.app import app
from tests.lab.pki import authority, issue
from tests.lab.revocation import published
from tests.lab.tls import tls_server


@pytest.mark.parametrize(
    ("flags", "refused"),
    [((), "not named in the request"), (("--check-revocation",), "resolves to 127.0.0.2, which must be written out")],
)
def test_a_certificate_that_names_this_machine_is_not_obeyed_with_the_option_either(
    flags: tuple[str, ...], refused: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    root = authority()
    identity = issue("localhost", root, dns=("localhost",), extensions=published(ocsp_at=["http://127.0.0.2/"]))
    with tls_server(identity) as server:
        words = ["certificate_info", "host=localhost", f"port={server.port}", "--ca-file", str(root.anchor(tmp_path))]
        code = app(["run", *words, *flags, "-f", "json"], result_action="return_value")
    report = json.loads(capsys.readouterr().out)
    assert (code, report["status"]) == (0, "ok")
    assert report["revocation"]["status"] == "unknown"
    assert report["revocation"]["detail"].startswith(f"not looked up: 127.0.0.2: {refused}; ")
