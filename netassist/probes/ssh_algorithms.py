"""What SSH's algorithms are worth, and what named baselines allow: the tables of ssh_algorithms.toml, looked up here."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from fnmatch import translate
from functools import cache
from importlib.resources import files
from typing import Literal

import msgspec

Rating = Literal["recommended", "acceptable", "weak", "broken", "unknown"]
Kind = Literal["kex", "host_key", "cipher", "mac", "compression"]


class Algorithm(msgspec.Struct, frozen=True):
    """One name of a server's list, what it is worth and why; `source` is where that can be read."""

    name: str
    rating: Rating
    because: str
    source: str | None = None


class Verdict(msgspec.Struct, frozen=True):
    """How a server stands to a baseline; `deviations` says what is not as it should be, one line for each kind."""

    name: str
    title: str
    verdict: Literal["pass", "deviates", "unknown"]
    deviations: tuple[str, ...]
    source: str


class _Entry(msgspec.Struct, frozen=True):
    names: tuple[str, ...]
    rating: Rating
    because: str
    source: str


class _Policy(msgspec.Struct, frozen=True):
    title: str
    source: str
    text: str
    kex: tuple[str, ...]
    cipher: tuple[str, ...]
    mac: tuple[str, ...]
    host_keys: tuple[str, ...]
    group_exchange_bits: int


class _Tables(msgspec.Struct, frozen=True):
    kex: tuple[_Entry, ...]
    host_key: tuple[_Entry, ...]
    cipher: tuple[_Entry, ...]
    mac: tuple[_Entry, ...]
    compression: tuple[_Entry, ...]
    policies: dict[str, _Policy]


def rated(kind: Kind, name: str) -> Algorithm:
    """What one algorithm of a list is worth; `unknown` where no table knows its name."""
    for pattern, entry in _patterns(kind):
        if pattern.fullmatch(name):
            return Algorithm(name, entry.rating, entry.because, entry.source)
    return Algorithm(name, "unknown", "not in the table of known algorithms")


def held_against_policies(
    lists: Mapping[Kind, Sequence[str]], host_keys: Sequence[str] | None, group_exchange_bits: int | None
) -> tuple[Verdict, ...]:
    """How what a server offers stands to every baseline.

    Args:
        lists: the names that it offers: methods of key exchange, ciphers, MACs.
        host_keys: the types of its host keys, None where not all could be had.
        group_exchange_bits: the smallest group that it hands out, None where it has no such exchange or that is unknown.
    """
    return tuple(_held(name, policy, lists, host_keys, group_exchange_bits) for name, policy in _tables().policies.items())


def _held(
    name: str,
    policy: _Policy,
    lists: Mapping[Kind, Sequence[str]],
    host_keys: Sequence[str] | None,
    group_exchange_bits: int | None,
) -> Verdict:
    allowed: dict[Kind, tuple[str, ...]] = {"kex": policy.kex, "cipher": policy.cipher, "mac": policy.mac}
    kinds: tuple[tuple[Kind, str], ...] = (("kex", "key exchange"), ("cipher", "ciphers"), ("mac", "MACs"))
    outside = [(word, [item for item in lists[kind] if item not in allowed[kind]]) for kind, word in kinds]
    outside.append(("host keys", [item for item in host_keys or () if item not in policy.host_keys]))
    found = [f"{word} not allowed: {', '.join(items)}" for word, items in outside if items]
    exchanges = any(item.startswith("diffie-hellman-group-exchange-") for item in lists["kex"])
    if group_exchange_bits is not None and group_exchange_bits < policy.group_exchange_bits:
        found.append(f"group exchange hands out {group_exchange_bits} bits; {policy.group_exchange_bits} are the least")
    open_question = host_keys is None or (exchanges and group_exchange_bits is None)
    verdict: Literal["pass", "deviates", "unknown"] = "deviates" if found else "unknown" if open_question else "pass"
    return Verdict(name, policy.title, verdict, tuple(found), policy.source)


@cache
def _tables() -> _Tables:
    return msgspec.toml.decode(files(__package__).joinpath("ssh_algorithms.toml").read_bytes(), type=_Tables)


@cache
def _patterns(kind: Kind) -> tuple[tuple[re.Pattern[str], _Entry], ...]:
    entries: tuple[_Entry, ...] = getattr(_tables(), kind)
    return tuple((re.compile(translate(name)), entry) for entry in entries for name in entry.names)
