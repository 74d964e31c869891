"""What a server's refusal means, in plain words: its status, its own words, and what the user can do about it."""

from __future__ import annotations

import re
from email.utils import parsedate_to_datetime
from time import time
from typing import NamedTuple

import httpx

from netassist.backends.event_stream import fault_in
from netassist.backends.function_tools import Json
from netassist.backends.keys import Key
from netassist.backends.planning import Trouble
from netassist.backends.trouble import RemoteError, TooLong, Unsupported
from netassist.untrusted import as_text

LONGEST_PAUSE = 86_400.0
"""Seconds that a server may ask to be left alone for."""
PARTS = ("stream_options", "temperature", "max_completion_tokens", "max_tokens")
"""What a request may hold that some servers or models refuse, and that it can do without."""
_NO_TOOLS = re.compile(
    r"\btools?\b.{0,60}(?:not support|unsupported|--jinja)|(?:not support|unsupported).{0,60}(?:\btools?\b|function.?calling)"
    r"|tool choice requires",
    re.IGNORECASE,
)
_TOO_LONG = re.compile(r"context.?length|context.?size|context.?window|maximum context|too many tokens", re.IGNORECASE)


class Refusals(NamedTuple):
    """Makes the errors of one backend: its `name`, the `host` that it is at, and the `key`, which none of them shows."""

    name: str
    host: str
    key: Key | None = None

    def refused(self, response: httpx.Response, error: bytes, asked: Json) -> RemoteError:
        """What a status other than 200 means."""
        status, number, said = response.status_code, f"HTTP {response.status_code}", as_text(self._hidden(fault_in(error)), 300)
        later = _retry_after(response.headers.get("retry-after", ""))
        if status in (400, 404, 422, 500, 501) and (missing := _unsupported(said, asked)):
            return Unsupported(f"{self.host} does not know {missing} ({number}: {said})", missing)
        if status == 413 or (status in (400, 422, 500) and _TOO_LONG.search(said)):
            return TooLong(f"the conversation is too long for {self.name} ({number})", "begin a new one", "refused", 0)
        match status:
            case 401:
                gave = f"does not take the key from {self.key.source}" if self.key is not None else "wants a key"
                return self.fault(f"{gave} ({number})", "`netassist config show` tells where it is looked for", "key")
            case 403:
                why = f": {said}" if said else ""
                return self.fault(f"does not let this key in ({number}{why})", "look at the account's rights", "key")
            case 402:
                return self.fault(f"wants to be paid first ({number})", "look at the account's credit", "budget", later or 3600.0)
            case 404:
                why = said or "no reason given"
                return self.fault(f"has no such model or address ({number}: {why})", "look at model and base_url", "refused")
            case 429 if "insufficient_quota" in said or "billing" in said:
                return self.fault(f"says that the account's quota is spent ({number})", "look at the account", "budget", 3600.0)
            case 429:
                wait = f", and asks to be left alone for {later:.0f} s" if later else ""
                return self.fault(f"has had too many requests ({number}{wait})", "ask again later", "rate_limited", later)
            case 408:
                return self.late(f"gave up waiting ({number})")
            case _ if status >= 500:
                why = f": {said}" if said else ""
                return self.fault(f"has a fault of its own ({number}{why})", "ask again later", "server", later)
            case _ if 300 <= status < 400:
                return self.fault(f"redirects, which is not followed ({number})", "name the last address as base_url", "refused")
        why = said or "no reason given"
        return self.fault(f"refuses the request ({number}: {why})", "look at model, or ask otherwise", "refused", 0)

    def unreachable(self, error: httpx.TransportError, seconds: float) -> RemoteError:
        """What a connection that fails means, `seconds` being what it had to be made in."""
        said = as_text(str(error), 160)
        if isinstance(error, httpx.TimeoutException):
            return self.fault(f"cannot be reached within {seconds:.3g} s", "is there a proxy to name (HTTPS_PROXY)?", "timeout")
        if isinstance(error, httpx.ProxyError):
            return RemoteError(f"{self.name}: the proxy refuses ({said})", "look at HTTPS_PROXY", "connection")
        if isinstance(error, httpx.ConnectError) and "CERTIFICATE_VERIFY_FAILED" in said:
            return self.fault(
                f"shows a certificate that is not trusted ({said})", "name its authority with ca_file", "connection"
            )
        if isinstance(error, httpx.ConnectError):
            return self.fault(f"cannot be reached ({said})", "is it up, and base_url right?", "connection")
        return self.fault(f"broke off ({said or type(error).__name__})", "ask again", "connection")

    def late(self, what: str) -> RemoteError:
        """A time-out."""
        return self.fault(what, "is it overloaded? first_byte_s and total_s give it more time", "timeout")

    def fault(self, what: str, advice: str, kind: Trouble, retry_after: float | None = None) -> RemoteError:
        """Any other: what the host did or does."""
        return RemoteError(f"{self.name}: {self.host} {self._hidden(what)}", advice, kind, retry_after)

    def _hidden(self, text: str) -> str:
        return self.key.hidden_in(text) if self.key is not None else text


def _unsupported(said: str, asked: Json) -> str | None:
    """The part of a request that a refusal names as unknown: one of `PARTS`, or ``tools``."""
    named = next((part for part in PARTS if part in asked and re.search(rf"\b{part}\b", said)), None)
    return named or ("tools" if "tools" in asked and _NO_TOOLS.search(said) else None)


def _retry_after(value: str) -> float | None:
    """Seconds of a Retry-After header (RFC 9110, section 10.2.3), a number or a date; None where it says nothing usable."""
    if value.isascii() and value.isdigit() and len(value) < 9:
        return min(float(value), LONGEST_PAUSE)
    try:
        seconds = parsedate_to_datetime(value).timestamp() - time()
    except (ValueError, OverflowError):
        return None
    return min(max(seconds, 0.0), LONGEST_PAUSE)
