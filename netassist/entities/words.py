"""Which words are ordinary, so that a bare word may be told from the name of a machine."""

from __future__ import annotations

import gzip
import re
from functools import cache
from pathlib import Path

LEXICON = Path(__file__).parent / "lexicon.txt.gz"

# Words of the trade that hold digits, dots or hyphens, as a host name would.
_TRADE = re.compile(
    r"""ipv?[46]|x25519\w*|x448|sha-?\d+|md5|tls(?:v?1[._]?[0-3]?)?|ssl(?:v?[23])?|http[23]?|h[23]|p-?(?:256|384|521)|rsa-?\d*|
    ed25519|aes-?\d*|rc4|3des|ml-?kem(?:-?\d+)?|ml-?dsa(?:-?\d+)?|kyber(?:-?\d+)?|dilithium\d?|sntrup\d*|ffdhe\d+|pop3s?|imap4?s?|
    base64|utf-?8|\d+(?:st|nd|rd|th|er|ème|º|ª|x|k|g|m|gb|mb|kb|ms|bit|%)|[a-z]?\d|[a-z]|cve-[\d-]+|co2|mp[34]|win(?:dows)?\d*|[0-9]{1,2}h[0-9]{0,2}|
    (?:nist|rfc|iso|pci|port|tcp|udp|ticket|inc|chg|req|task|room|raum)-?\d*|start-?tls|e-?mail\w*|web-?[^\W_]{3,}|post-quantum|quantum-\w+|pre-\w+|re-\w+|\w+-(?:in|up|out|off|on|by)""",
    re.IGNORECASE | re.VERBOSE,
)
_INFLECTION = re.compile(r"(?:'s|’s|n't|n’t|'re|'ll|'ve|'d|'m)$")


@cache
def _lexicon() -> frozenset[str]:
    return frozenset(gzip.decompress(LEXICON.read_bytes()).decode("utf-8").split("\n")) if LEXICON.exists() else frozenset()


def is_ordinary(word: str) -> bool:
    """Whether a word (letters, digits, hyphens, underscores) is an ordinary one rather than somebody's name for a thing."""
    bare = _INFLECTION.sub("", word.lower())
    if bare in _lexicon() or _TRADE.fullmatch(bare):
        return True
    if "_" in bare or any(c.isdigit() for c in bare):
        return False
    parts = [part for part in re.split(r"[-'’]", bare) if part]
    return bool(parts) and "-" not in bare and all(len(part) < 2 or part in _lexicon() for part in parts)
