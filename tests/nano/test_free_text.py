"""What is cut out of a request by rule: the arguments of a processor, and what a new one shall do."""

from __future__ import annotations

import pytest

from netassist.entities import Entity
from netassist.nano.free_text import description_in, rest_after


@pytest.mark.parametrize(
    ("request_text", "name", "arguments"),
    [
        ("start tape-rotate with --slot 4 and list agents", "tape-rotate", "--slot 4"),
        ("run tape-rotate with --slot 4, after which ping gw-1", "tape-rotate", "--slot 4"),
        ("Run sortmail with --dry; don't touch sortmail-old", "sortmail", "--dry"),
        ("run photo-count with tank and backup", "photo-count", "tank and backup"),
        ('run hash-it "/etc/ssl/private" --algo sha256, and run other', "hash-it", '"/etc/ssl/private" --algo sha256'),
        ('"foodbank", with --site east. It\'s Monday.', "foodbank", "--site east"),
        ("processor etikett starten mit lager=7", "etikett", "lager=7"),
        ("rbl-watch 198.51.100.14 3600 should be run", "rbl-watch", "198.51.100.14 3600"),
        ("run it with --top 5 this time", "said-before", "--top 5"),
        ("run it", "said-before", ""),
        ("let clock-skew be started once", "clock-skew", ""),
        ("okay, launch leafcheck then", "leafcheck", ""),
        ("trigger the leafcheck processor", "leafcheck", ""),
        ("start leafcheck and afterwards the clock-skew one", "leafcheck", ""),
        ("have leafcheck run against rack-12", "leafcheck", "rack-12"),
        ("leafcheck must be started by hand with trunk-7", "leafcheck", "trunk-7"),
        ("leafcheck for me, with --rack 12", "leafcheck", "--rack 12"),
        ("leafcheck please, with --rack 12", "leafcheck", "--rack 12"),
        ("go ahead and run leafcheck, no parameters.", "leafcheck", ""),
    ],
)
def test_arguments_end_where_a_new_order_begins(request_text: str, name: str, arguments: str) -> None:
    assert rest_after(request_text, Entity("word", name, name, 0, 0)) == arguments


@pytest.mark.parametrize(
    ("request_text", "description"),
    [
        (
            "Have a processor written that prints free inodes per mount. Besides that, run leafcheck on rack-12",
            "prints free inodes per mount",
        ),
        ("Write me a processor that counts leases. It should warn above 90%.", "counts leases. It should warn above 90%"),
        ("create a processor called foo that checks disk space, and ping 10.0.0.1", "checks disk space"),
    ],
)
def test_a_description_ends_where_a_new_order_begins(request_text: str, description: str) -> None:
    assert description_in(request_text) == description
