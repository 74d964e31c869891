"""Until when standards allow what is classical: by its strength, and each with the text that says so."""

from __future__ import annotations

import msgspec
import pytest

from netassist.tls.deadlines import SOURCES, ClassicalPart, Deadline, deadlines, rsa_strength


@pytest.mark.parametrize(
    ("bits", "strength"),
    [(1024, 80), (2047, 80), (2048, 112), (3071, 112), (3072, 128), (7680, 192), (15360, 256)],
)
def test_the_strength_of_a_modulus(bits: int, strength: int) -> None:
    assert rsa_strength(bits) == strength


@pytest.mark.parametrize(
    ("strength", "told"),
    [
        (80, [("NIST SP 800-131A", "2013-12-31")]),
        (112, [("NIST IR 8547", "2030-12-31"), ("CNSA 2.0", "2031-12-31"), ("NIST IR 8547", "2035-12-31")]),
        (128, [("CNSA 2.0", "2031-12-31"), ("NIST IR 8547", "2035-12-31")]),
        (None, [("CNSA 2.0", "2031-12-31"), ("NIST IR 8547", "2035-12-31")]),
    ],
)
def test_the_deadlines_of_a_part_the_earliest_first(strength: int | None, told: list[tuple[str, str]]) -> None:
    found = deadlines([ClassicalPart("this", strength)])
    assert [(deadline.standard, deadline.after) for deadline in found] == told
    assert all(deadline.what.startswith("this ") for deadline in found)


def test_what_has_112_bits_is_deprecated_before_it_is_disallowed() -> None:
    whats = [held.what for held in deadlines([ClassicalPart("RSA-2048", rsa_strength(2048))]) if held.standard == "NIST IR 8547"]
    assert whats == ["RSA-2048 deprecated", "RSA-2048 disallowed"]


def test_rsa_below_2048_bits_is_disallowed_already() -> None:
    found = deadlines([ClassicalPart("RSA-1024", rsa_strength(1024))])
    dates = {held.standard: held.after for held in found}
    assert dates == {"NIST SP 800-131A": "2013-12-31", "BSI TR-02102-1": "2023-12-31"}
    assert found[0].what == "RSA-1024 disallowed"


def test_every_deadline_names_its_source_in_the_report_too() -> None:
    for deadline in deadlines([ClassicalPart("RSA-2048", 112), ClassicalPart("RSA-1024", 80)]):
        assert deadline.source == SOURCES[deadline.standard]
        assert msgspec.json.decode(msgspec.json.encode(deadline), type=Deadline) == deadline
        assert msgspec.to_builtins(deadline)["source"].startswith("https://")
