"""What is advised about a certificate: the cure of its trouble, be it trust or time."""

from __future__ import annotations

import pytest

from netassist.monitor.advice import advised
from netassist.monitor.watch import Check, Watch


@pytest.mark.parametrize(
    ("check", "message", "words"),
    [
        ("certificate", "the certificate is not trusted: self-signed certificate; the certificate expires in 19 days", "ca_file"),
        ("https", "the certificate does not verify: self-signed certificate", "ca_file"),
        ("https", "the certificate does not verify: unable to get local issuer certificate", "ca_file"),
        ("https", "the certificate does not verify: certificate has expired", "renew the certificate"),
        ("certificate", "the certificate expires in 3 days", "renew the certificate"),
    ],
)
def test_who_cannot_be_trusted_is_made_trusted_and_what_expires_is_renewed(check: Check, message: str, words: str) -> None:
    assert words in advised(Watch(host="a.test", check=check), message)
