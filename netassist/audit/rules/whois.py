"""What a domain's registration means: that it ends, or that the registry has taken it out of the DNS."""

from __future__ import annotations

from collections.abc import Iterator

from netassist.audit.rule import Rule
from netassist.observations import Finding
from netassist.probes.whois import Whois

SOON_DAYS = 30
_STATUS = "https://www.icann.org/resources/pages/epp-status-codes-2014-06-16-en"
_EXPIRY = "https://www.icann.org/resources/pages/errp-2013-02-28-en"

RULES: dict[str, Rule] = {
    "whois.expired": Rule(
        "high",
        "The domain's registration has expired",
        "Its web sites and mail stop, and after a while anybody may register it.",
        "Renew it with the registrar at once, and turn automatic renewal on.",
        (_EXPIRY,),
    ),
    "whois.expires_soon": Rule(
        "medium",
        f"The domain's registration ends within {SOON_DAYS} days",
        "Where nobody renews it, web sites and mail stop, and after a while anybody may register it.",
        "See that automatic renewal is on and that the means of payment is valid; renew it.",
        (_EXPIRY,),
    ),
    "whois.on_hold": Rule(
        "high",
        "The registry or registrar has taken the domain out of the DNS",
        "A domain on hold does not resolve; the reasons are a dispute, abuse, or contact data that nobody confirmed.",
        "Ask the registrar for the reason and mend it.",
        (_STATUS,),
    ),
    "whois.being_deleted": Rule(
        "high",
        "The domain is being deleted",
        "After the redemption period anybody may register it.",
        "Restore it through the registrar now, where it is still wanted.",
        (_STATUS, _EXPIRY),
    ),
}  # fmt: skip
_HOLD = frozenset({"client hold", "server hold"})
_DELETED = frozenset({"pending delete", "redemption period"})


def judge(whois: Whois) -> Iterator[Finding]:
    found = whois.registration
    if found is None or found.kind != "domain":
        return
    name = whois.name or whois.query
    if found.expires is not None:
        days = (found.expires - whois.started).days
        word = "expired" if found.expires <= whois.started else "expires_soon" if days < SOON_DAYS else None
        if word is not None:
            yield RULES[f"whois.{word}"].finding(f"whois.{word}", f"{name}: registered until {found.expires:%Y-%m-%d}")
    for word, meant in (("on_hold", _HOLD), ("being_deleted", _DELETED)):
        # RFC 8056 writes the states with spaces, servers of the extensible provisioning protocol without.
        told = [status for status in found.status if _spaced(status) in meant]
        if told:
            yield RULES[f"whois.{word}"].finding(f"whois.{word}", f"{name}: {', '.join(told)}")


def _spaced(status: str) -> str:
    return "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in status).strip()
