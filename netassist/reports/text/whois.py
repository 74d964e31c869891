"""Who registered a domain, a network or an AS number."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from netassist.reports.layout import BAD, BLANK, GOOD, NEUTRAL, UNKNOWN, WARN, Task, Text, Verdict, facts, heading, table
from netassist.reports.words import count, day, listed, named, place
from netassist.untrusted import as_text

if TYPE_CHECKING:
    from datetime import datetime

    from netassist.probes.rdap import Contact, Registration
    from netassist.probes.whois import Whois
    from netassist.reports.style import Line

_SOON = 30


def task(whois: Whois) -> Task:
    return Task("look up the registration", f"of {place(whois.target)}")


def verdict(whois: Whois) -> Verdict:
    asked, found = as_text(whois.query, 255) or place(whois.target), whois.registration
    if whois.outcome == "special_use":
        return Verdict(f"{asked} is registered by nobody: {whois.note or 'it is kept for special use'}.", NEUTRAL)
    if whois.outcome == "not_registered":
        return Verdict(f"{asked} is not registered, says the registry ({_server(whois)}).", WARN)
    if found is None:
        return Verdict(f"Who registered {asked} is unknown.", UNKNOWN)
    return _domain(whois, found) if found.kind == "domain" else _number(whois, found)


def evidence(whois: Whois, width: int) -> Iterator[Line]:
    found = whois.registration
    rows = [("Asked for", whois.query), *(_facts(whois, found) if found else [])]
    yield from facts(rows, width)
    people = [contact for contact in found.contacts if contact.name or contact.email or contact.organization] if found else []
    if people:
        yield BLANK
        yield from heading("Contacts", width)
        yield from table(("role", "name", "organization", "email", "phone"), [_contact(contact) for contact in people], width)
    rows = [("Answered by", " → ".join(whois.servers)), ("IANA's list", f"of {whois.list_as_of}" if whois.list_as_of else None),
            ("Note", whois.note if whois.outcome != "special_use" else None)]  # fmt: skip
    if any(value for _, value in rows):
        yield BLANK
        yield from facts(rows, width)


def _domain(whois: Whois, found: Registration) -> Verdict:
    name = place(whois.target) if whois.name in (None, whois.query) else as_text(whois.name or "", 255)
    within = "" if whois.name in (None, whois.query) else f"{as_text(whois.query, 255)} lies in "
    by = f" with {named(found.registrar)}" if found.registrar else ""
    holder = f" for {named(found.holder)}" if found.holder else ""
    since = f", since {day(found.registered)}" if found.registered else ""
    text = f"{within}{named(name)}{', which' if within else ''} is registered{by}{holder}{since}"
    if found.expires is None:
        return Verdict(f"{text}; until when is not said.", GOOD)
    left = (found.expires - whois.started).days
    if found.expires <= whois.started:
        return Verdict(f"{text}, but expired on {day(found.expires)}.", BAD)
    return Verdict(f"{text}, until {day(found.expires)} ({count(left, 'more day')}).", WARN if left < _SOON else GOOD)


def _number(whois: Whois, found: Registration) -> Verdict:
    called = f" ({named(found.name)})" if found.name else ""
    holder = found.holder or next((one.organization or one.name for one in found.contacts if "registrant" in one.roles), None)
    country = named(found.country) if found.country else ""
    held = f"is held by {named(holder)}{f', {country}' if country else ''}" if holder else "is registered"
    held += f" in {country}" if country and not holder else ""
    if found.kind == "autonomous_system":
        return Verdict(f"{whois.query}{called} {held}.", GOOD)
    area = listed([as_text(network, 50) for network in found.networks], 3) or _range(found)
    within = f"{whois.query} lies in {area}{called}, which" if area != whois.query else f"{area}{called}"
    return Verdict(f"{within} {held}.", GOOD)


def _facts(whois: Whois, found: Registration) -> Iterator[tuple[str, Text | None]]:
    yield "Domain" if found.kind == "domain" else "Name", " ".join(filter(None, (found.unicode_name, found.name)))
    yield "Handle", found.handle
    yield "Range", _range(found)
    yield "Networks", ", ".join(found.networks)
    yield "Type", found.type
    number = f" (IANA {found.registrar_id})" if found.registrar_id else ""
    yield "Registrar", f"{found.registrar}{number}" if found.registrar else None
    yield "Holder", found.holder or ("withheld by the server" if found.withheld else None)
    yield "Country", found.country
    yield "Registered", _date(found.registered)
    yield "Changed", _date(found.changed)
    yield "Expires", _date(found.expires)
    yield "Status", ", ".join(found.status)
    yield "Name servers", ", ".join(found.nameservers)
    signed = {True: "the parent zone has DS records", False: "not signed", None: None}
    yield "DNSSEC", signed[found.signed] if found.kind == "domain" else None
    if found.abuse:
        yield "Abuse", ", ".join(filter(None, (found.abuse.email, found.abuse.phone)))
    yield "Withheld", ", ".join(found.withheld)


def _contact(contact: Contact) -> tuple[str, ...]:
    shown = (", ".join(contact.roles), contact.name, contact.organization, contact.email, contact.phone)
    return tuple(part or "" for part in shown)


def _range(found: Registration) -> str:
    return f"{found.first} – {found.last}" if found.first and found.last and found.first != found.last else ""


def _date(moment: datetime | None) -> str | None:
    return day(moment) if moment else None


def _server(whois: Whois) -> str:
    last = whois.servers[-1] if whois.servers else ""
    return as_text(last.split("://", 1)[-1].split("/", 1)[0], 255)
