"""What an RDAP response says of a domain, a network or an AS number (RFC 9083): pure, from decoded JSON of any shape.

Contacts are jCards (RFC 7095). What has not the form that the standards give it is left out; what is there is text from the
network, disarmed and shortened.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Literal

import msgspec

from netassist.untrusted import as_text

Kind = Literal["domain", "network", "autonomous_system"]
_CLASSES: dict[str, Kind] = {"domain": "domain", "ip network": "network", "autnum": "autonomous_system"}
_DEPTH, MOST_CONTACTS, MOST_ITEMS = 3, 40, 50
_LIMIT = 200
_HOLDER = ("registrant",)


class Contact(msgspec.Struct, frozen=True, kw_only=True):
    """One entity in its `roles` (IANA "RDAP JSON Values": registrant, registrar, abuse, …)."""

    roles: tuple[str, ...] = ()
    handle: str | None = None
    name: str | None = None
    organization: str | None = None
    country: str | None = None
    email: str | None = None
    phone: str | None = None


class Registration(msgspec.Struct, frozen=True, kw_only=True):
    """What a registry keeps. None and empty: it does not say.

    `name` is a domain in ASCII, or what the registry calls a network or an AS; `unicode_name` a domain as it is written. Networks
    go from `first` to `last`, as do blocks of AS numbers. `holder` is the registrant's organisation or name, `country` theirs or
    the network's. `withheld` are the fields that the server says it left out (RFC 9537). `signed` is whether the parent zone has
    DS records for the domain. `related` is where another server says more (the registrar's, of a domain).
    """

    kind: Kind
    handle: str | None = None
    name: str | None = None
    unicode_name: str | None = None
    status: tuple[str, ...] = ()
    registered: datetime | None = None
    changed: datetime | None = None
    expires: datetime | None = None
    registrar: str | None = None
    registrar_id: str | None = None
    holder: str | None = None
    country: str | None = None
    abuse: Contact | None = None
    nameservers: tuple[str, ...] = ()
    signed: bool | None = None
    first: str | None = None
    last: str | None = None
    networks: tuple[str, ...] = ()
    type: str | None = None
    contacts: tuple[Contact, ...] = ()
    withheld: tuple[str, ...] = ()
    related: str | None = None


def read(answer: object) -> Registration:
    """The registration in a response; raises ValueError where it is none."""
    held = _table(answer)
    kind = _CLASSES.get(str(held.get("objectClassName", "")).lower())
    if kind is None:
        raise ValueError("it does not say of what it is (objectClassName)")
    contacts = tuple(_contacts(held, 0))[:MOST_CONTACTS]
    registrar = _with_role(contacts, "registrar")
    holder = next(filter(None, (_with_role(contacts, role) for role in _HOLDER)), None)
    events = _events(held)
    secure = _table(held.get("secureDNS")).get("delegationSigned")
    return Registration(
        kind=kind,
        handle=_text(held.get("handle")),
        name=_text(held.get("ldhName")) or _text(held.get("name")),
        unicode_name=_text(held.get("unicodeName")),
        status=tuple(_texts(held.get("status"))),
        registered=events.get("registration"),
        changed=events.get("last changed"),
        expires=events.get("expiration"),
        registrar=(registrar.name or registrar.organization) if registrar else None,
        registrar_id=_iana_id(held),
        holder=(holder.organization or holder.name) if holder else None,
        country=_text(held.get("country")) or (holder.country if holder else None),
        abuse=_with_role(contacts, "abuse"),
        nameservers=tuple(_nameservers(held)),
        signed=secure if isinstance(secure, bool) else None,
        first=_number(held.get("startAddress", held.get("startAutnum"))),
        last=_number(held.get("endAddress", held.get("endAutnum"))),
        networks=tuple(_networks(held)),
        type=_text(held.get("type")),
        contacts=contacts,
        withheld=tuple(_withheld(held)),
        related=_related(held),
    )


def titles(answer: object) -> tuple[str, ...]:
    """What an error response (RFC 9083, section 6) says of itself: title and description."""
    held = _table(answer)
    return tuple(filter(None, (_text(held.get("title")), *_texts(held.get("description")))))


def _contacts(held: Mapping[str, object], depth: int) -> Iterator[Contact]:
    """The entities, and those inside them: a registrar's abuse contact is an entity of its own."""
    for item in _list(held.get("entities")):
        entity = _table(item)
        card = list(_properties(entity.get("vcardArray")))
        yield Contact(
            roles=tuple(_texts(entity.get("roles"))),
            handle=_text(entity.get("handle")),
            name=_value(card, "fn"),
            organization=_value(card, "org"),
            country=_country(card),
            email=_value(card, "email"),
            phone=(_value(card, "tel") or "").removeprefix("tel:") or None,
        )
        if depth < _DEPTH:
            yield from _contacts(entity, depth + 1)


def _properties(card: object) -> Iterator[list[object]]:
    """jCard: ``["vcard", [[name, parameters, type, value…], …]]``."""
    parts = _list(card)
    for item in _list(parts[1]) if len(parts) > 1 else []:
        row = _list(item)
        if len(row) >= 4 and isinstance(row[0], str):
            yield row


def _value(card: list[list[object]], name: str) -> str | None:
    for row in card:
        if str(row[0]).lower() == name:
            value = row[3][0] if isinstance(row[3], list) and row[3] else row[3]
            if isinstance(value, str) and (shown := as_text(value, _LIMIT)):
                return shown
    return None


def _country(card: list[list[object]]) -> str | None:
    """The code of RFC 8605 beside the address, else the last of the address's seven parts (RFC 6350, section 6.3.1)."""
    for row in card:
        if str(row[0]).lower() == "adr":
            code, parts = _text(_table(row[1]).get("cc")), _list(row[3])
            if shown := code or (_text(parts[6]) if len(parts) > 6 else None):
                return shown
    return None


def _with_role(contacts: tuple[Contact, ...], role: str) -> Contact | None:
    found = [contact for contact in contacts if role in contact.roles]
    return next((contact for contact in found if contact.name or contact.organization or contact.email), None)


def _iana_id(held: Mapping[str, object]) -> str | None:
    """The registrar's number at IANA (RFC 9083, section 4.8)."""
    for item in _list(held.get("entities")):
        entity = _table(item)
        if "registrar" in _texts(entity.get("roles")):
            for public in map(_table, _list(entity.get("publicIds"))):
                if str(public.get("type", "")).lower() == "iana registrar id":
                    return _text(public.get("identifier"))
    return None


def _events(held: Mapping[str, object]) -> dict[str, datetime]:
    found: dict[str, datetime] = {}
    for event in map(_table, _list(held.get("events"))):
        action, date = event.get("eventAction"), event.get("eventDate")
        if isinstance(action, str) and isinstance(date, str):
            try:
                moment = datetime.fromisoformat(date[:40])
                found.setdefault(action.lower(), (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC))
            except (ValueError, OverflowError):
                continue
    return found


def _nameservers(held: Mapping[str, object]) -> Iterator[str]:
    for item in map(_table, _list(held.get("nameservers"))):
        if name := _text(item.get("ldhName")):
            yield name.lower()


def _networks(held: Mapping[str, object]) -> Iterator[str]:
    """The extension cidr0 of the number registries."""
    for item in map(_table, _list(held.get("cidr0_cidrs"))):
        prefix, length = _text(item.get("v4prefix", item.get("v6prefix"))), item.get("length")
        if prefix and isinstance(length, int):
            yield f"{prefix}/{length}"


def _withheld(held: Mapping[str, object]) -> Iterator[str]:
    for item in map(_table, _list(held.get("redacted"))):
        named = _table(item.get("name"))
        if shown := _text(named.get("type", named.get("description"))):
            yield shown


def _related(held: Mapping[str, object]) -> str | None:
    for link in map(_table, _list(held.get("links"))):
        where = link.get("href")
        if link.get("rel") == "related" and "rdap+json" in str(link.get("type", "")) and isinstance(where, str):
            return where if len(where) <= 1000 and re.fullmatch(r"https://[\x21-\x7e]+", where) else None
    return None


def _table(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[object]:
    return value[:MOST_ITEMS] if isinstance(value, list) else []


def _text(value: object) -> str | None:
    return as_text(value, _LIMIT) or None if isinstance(value, str) else None


def _texts(value: object) -> Iterator[str]:
    """The strings of a list; of a string alone, that, since some servers leave the list away."""
    for item in _list(value) if isinstance(value, list) else [value]:
        if shown := _text(item):
            yield shown


def _number(value: object) -> str | None:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else _text(value)
