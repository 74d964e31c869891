"""Which words are ordinary, so that a bare word may be told from the name of a machine."""

from __future__ import annotations

import gzip
import re
from collections.abc import Set
from functools import cache
from pathlib import Path

LEXICON = Path(__file__).parent / "lexicon.txt.gz"

# Words of the trade that hold digits, dots or hyphens, as a host name would.
_TRADE = re.compile(
    r"""ipv?[46]|x25519\w*|x448|sha-?\d+|md5|tls(?:v?1[._]?[0-3]?)?|ssl(?:v?[23])?|http[23]?|h[23]|p-?(?:256|384|521)|rsa-?\d*|
    ed25519|aes-?\d*|rc4|3des|ml-?kem(?:-?\d+)?|ml-?dsa(?:-?\d+)?|kyber(?:-?\d+)?|dilithium\d?|sntrup\d*|ffdhe\d+|pop3s?|imap4?s?|
    base64|utf-?8|\d+(?:st|nd|rd|th|er|ème|º|ª|x|k|g|m|gb|mb|kb|ms|bit|%)|[a-z]?\d|[a-z]|cve-[\d-]+|co2|mp[34]|win(?:dows)?\d*|[0-9]{1,2}h[0-9]{0,2}|
    (?:nist|rfc|iso|pci|port|tcp|udp|ticket|inc|chg|req|task|room|raum)-?\d*|start-?tls|e-?mail\w*|web[^\W\d_]{3,}|post-quantum|quantum-\w+|pre-\w+|re-\w+|
    web-(?:site|page|server|service|app|mail|master|shop|store|hook|socket|cam|dav|interface|ui|gui|front|hosting|based|browser|seite|dienst|anwendung|auftritt)\w*|
    (?!(?:mail|mx|mta|smtp|gw|fw|nas|sw|ap|db)-)\w+-(?:in|up|out|off|on|by)""",
    re.IGNORECASE | re.VERBOSE,
)
_INFLECTION = re.compile(r"(?:'s|’s|n't|n’t|'re|'ll|'ve|'d|'m)$")
# Compounds that begin with a protocol, a record type or a number: "A-Record", "TLS-Prüfung", "two-factor".
_COMPOUND = re.compile(
    r"""(?:a|aaaa|mx|ns|txt|soa|caa|cname|ptr|srv|tlsa|spf|dmarc|dkim)s?-(?:records?|rekord\w*|eintr[aä]g\w*|enregistrements?|lookups?|abfragen?|quer(?:y|ies))|
    (?:dns|tls|ssl|ssh|tcp|udp|https?|smtp|imap|icmp|ip|nmap|whois|ping|port|cert|s?ftp)s?-
    (?:records?|rekord\w*|eintr[aä]g\w*|enregistrements?|lookups?|abfragen?|anfragen?|check\w*|scans?|audits?|tests?|prüfung\w*|handshakes?|
    überwachung\w*|versions?|version\w*|zertifikat\w*|cert\w*|status\w*|banner|antwort\w*|quer(?:y|ies)|responses?|ports?|pings?|probes?|
    verbindung\w*|traffic|verkehr|name\w*|adress\w*|address\w*|codes?|schlüssel|keys?|verlust|pakete?n?|based|only|fähig\w*|seitig\w*)|
    (?:one|two|three|four|five|six|seven|eight|nine|ten|half|multi|single|double|dual|triple|first|second|third|last|zwei|drei)-
    (?:factor|way|step|stage|part|digit|fold|minute\w*|hour\w*|second|day|week|month|year|tier|node|port|page|line|letter|thirds?|pass|
    person|bit|star|wire|sided|off|time|core|level|generation|hand|class|party|stufig\w*|fach\w*)|
    [^\W\d_]+-(?:t-)?(?:il|elle|ils|elles|vous|tu|nous|je|ce|moi|leur|là|mêmes?|feira|lhe)|celles?-ci|celui-ci|ceux-ci|là-bas""",
    re.IGNORECASE | re.VERBOSE,
)
_BACK_TO_STEM: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("ies", ("y",)), ("es", ("", "e")), ("s", ("",)), ("ied", ("y",)), ("ed", ("", "e")), ("ing", ("", "e")), ("ily", ("y",)),
    ("ly", ("", "le")), ("ers", ("", "e")), ("able", ("", "e")), ("ness", ("",)), ("ment", ("",)), ("ments", ("",)),
)  # fmt: skip
NOT_ORDINARY = "!"
"""Before a word of the lexicon: the name of a machine, though the rules would derive it from a word."""


@cache
def _lexicon() -> frozenset[str]:
    return frozenset(gzip.decompress(LEXICON.read_bytes()).decode("utf-8").split("\n")) if LEXICON.exists() else frozenset()


def derived(word: str, known: Set[str]) -> bool:
    """Whether an English word is an inflection (-s, -ed, -ing, -ly …, un-, re-) of one in `known`; five letters at least."""
    if len(word) < 5 or not (word.isascii() and word.isalpha()):
        return False
    bare = word[2:] if word.startswith(("un", "re")) and len(word) > 6 else ""
    if bare and bare in known:
        return True
    for form in filter(None, (word, bare)):
        for ending, stems in _BACK_TO_STEM:
            if not form.endswith(ending):
                continue
            root = form[: -len(ending)]
            if len(root) > 2 and any(root + stem in known for stem in stems):
                return True
            if len(root) > 3 and ending[0] in "ei" and root[-1] == root[-2] and root[:-1] in known:
                return True
    return False


def is_ordinary(word: str) -> bool:
    """Whether a word (letters, digits, hyphens, underscores) is an ordinary one rather than somebody's name for a thing."""
    bare = _INFLECTION.sub("", word.lower())
    known = _lexicon()
    if bare in known or _TRADE.fullmatch(bare):
        return True
    if "_" in bare or NOT_ORDINARY + bare in known:
        return False
    if "-" in bare:
        return bool(_COMPOUND.fullmatch(bare))
    if any(c.isdigit() for c in bare):
        return False
    parts = [part for part in re.split(r"['’]", bare) if part]
    return bool(parts) and all(len(part) < 2 or part in known or derived(part, known) for part in parts)
