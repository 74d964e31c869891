"""DKIM key records: what they say, and what of a domain without known selectors can be said."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Mapping

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from netassist.observations import Failed
from netassist.probes.smtp_dkim import SELECTORS, Dkim, DkimKey, dkim, read_key


def record(bits: int) -> str:
    """A TXT record of a new key, in strings as zone files write them."""
    key = generate_private_key(65537, bits).public_key()
    text = f"v=DKIM1; k=rsa; p={base64.b64encode(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()}"
    return " ".join(f'"{text[at : at + 200]}"' for at in range(0, len(text), 200))


def joined(bits: int) -> str:
    return record(bits).replace('" "', "").strip('"')


ED = base64.b64encode(Ed25519PrivateKey.generate().public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)).decode()


def test_keys_of_either_kind() -> None:
    assert read_key("a", joined(2048)) == DkimKey(selector="a", type="rsa", bits=2048)
    assert read_key("a", joined(1024) + "; t=s:y") == DkimKey(selector="a", type="rsa", bits=1024, testing=True)
    assert read_key("a", f"v=DKIM1; k=ed25519; p={ED}") == DkimKey(selector="a", type="ed25519", bits=256)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("v=DKIM1; p=", DkimKey(selector="a", revoked=True)),
        ("v=DKIM1; p=AAAA", DkimKey(selector="a", problem="a key that cannot be read")),
        ("v=DKIM1; k=ed25519; p=AAAA", DkimKey(selector="a", problem="a key that cannot be read")),
        (f"v=DKIM1; k=rsa; p={ED}", DkimKey(selector="a", problem="a key that cannot be read")),
        (joined(2048)[:-40], DkimKey(selector="a", problem="a key that cannot be read")),
        ("v=DKIM1; k=dsa; p=AAAA", DkimKey(selector="a", problem="a key of the type dsa, which is none")),
        ("v=DKIM2; p=AAAA", None),
        ("v=spf1 -all", None),
        ("", None),
    ],
    ids=("revoked", "short", "short-ed25519", "another-kind", "cut", "no-type", "no-version", "spf", "empty"),
)
def test_records_that_hold_no_key(text: str, found: DkimKey | None) -> None:
    assert read_key("a", text) == found


@given(st.text())
def test_no_record_breaks_it(text: str) -> None:
    read_key("a", f"p={text}")


def asked(zone: Mapping[str, tuple[str, ...]], otherwise: tuple[str, ...] = (), *, there: bool = True, failing: str = "") -> Dkim:
    async def exists(name: str) -> bool:
        return there

    async def records(name: str) -> tuple[str, ...]:
        if failing and name.startswith(failing):
            raise Failed("timeout", f"{name}: no answer")
        return zone.get(name, otherwise)

    return asyncio.run(dkim("lab.test", exists, records))


def test_the_selectors_of_a_domain() -> None:
    text = joined(2048)
    key = DkimKey(selector="s1", type="rsa", bits=2048)
    assert asked({"s1._domainkey.lab.test": (text,)}) == Dkim("present", keys=(key,))
    assert asked({}, there=False).verdict == "absent"
    assert asked({}).verdict == "possible"
    assert asked({}, ("v=spf1 -all",)).verdict == "possible"
    assert asked({}, (text,)) == Dkim("possible", "every selector has the same record, so it is a wildcard's")
    assert asked({"s1._domainkey.lab.test": (text,)}, failing=SELECTORS[-1]).verdict == "unknown"
