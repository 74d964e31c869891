"""HTTP to a hub of models: redirects that carry no token away, bounded answers, and plain words for what a status means.

httpx brings proxies (HTTPS_PROXY, ALL_PROXY, NO_PROXY) and the user's certificates (SSL_CERT_FILE). `HF_ENDPOINT` names another
hub, `HF_TOKEN` a token, as for huggingface_hub.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import subprocess
from collections.abc import Iterator, Mapping
from typing import NamedTuple
from urllib.parse import urljoin, urlsplit

import httpx

from netassist import __version__
from netassist.observations import Failed
from netassist.targets import parse_address
from netassist.untrusted import as_text

HUB = "https://huggingface.co"
PATIENCE = 30.0
"""Seconds without a byte."""
MOST_REDIRECTS = 5
_REDIRECTS = (301, 302, 303, 307, 308)


class Answer(NamedTuple):
    """`linked` are the headers of the hub itself, which answers with where the bytes are."""

    response: httpx.Response
    linked: Mapping[str, str]


class Later(Exception):
    """The server is busy; `seconds` until it should be asked again, None where it does not say."""

    def __init__(self, message: str, seconds: float | None) -> None:
        super().__init__(message)
        self.seconds = seconds


def hub() -> str:
    """Where models are: ``HF_ENDPOINT``, or huggingface.co."""
    return os.environ.get("HF_ENDPOINT", "").rstrip("/") or HUB


def token(command: str | None = None) -> str | None:
    """What `command` prints (it is run without a shell), or ``HF_TOKEN``. Raises Failed."""
    found = os.environ.get("HF_TOKEN", "")
    if command is not None:
        try:
            words = shlex.split(command)
            done = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, timeout=60, check=True)  # noqa: S603
        except (OSError, ValueError, IndexError, subprocess.SubprocessError):
            raise Failed("invalid", "--token-command: it did not print a token; run it by hand to see why") from None
        found = done.stdout[:4096].decode("utf-8", "replace")
    found = found.strip()
    if any(not 32 < ord(character) < 127 for character in found):
        raise Failed("invalid", "the token has characters that no token has; look at HF_TOKEN or the command that prints it")
    return found or None


class Link:
    """A connection to where models are. The token goes to the hub and nowhere else; where it is `for_asked`, to the host that is
    asked and nowhere else.

    Raises:
        Failed: the environment names a proxy or certificates that cannot be used.
    """

    def __init__(self, token: str | None = None, patience: float = PATIENCE, *, for_asked: bool = False) -> None:
        self._token, self._for_asked = token, for_asked
        try:
            self._client = httpx.Client(
                timeout=httpx.Timeout(patience, connect=min(patience, 15.0)),
                follow_redirects=False,
                # Compressed bytes would be neither what a range counts nor what a checksum is of.
                headers={"User-Agent": f"netassist/{__version__}", "Accept-Encoding": "identity"},
            )
        except ImportError:
            raise Failed("invalid", "a SOCKS proxy cannot be used; name an HTTP proxy (ALL_PROXY, HTTPS_PROXY)") from None
        except (ValueError, httpx.InvalidURL) as error:
            raise Failed("invalid", f"{as_text(str(error), 200)}; look at ALL_PROXY, HTTP_PROXY and HTTPS_PROXY") from None
        except OSError as error:
            raise Failed("invalid", f"the certificates cannot be read ({error.strerror}); look at SSL_CERT_FILE") from None

    def __enter__(self) -> Link:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    @contextlib.contextmanager
    def get(self, url: str, headers: Mapping[str, str] | None = None) -> Iterator[Answer]:
        """The answer of whoever has what `url` names, its body not read yet.

        Raises:
            Failed: it is refused, not there, or somewhere that must not be asked.
            Later: the server is busy.
            httpx.TransportError: the connection fails, now or while the body is read.
        """
        first, at, linked = url, url, dict[str, str]()
        trusted = _origin(first if self._for_asked else hub())
        for _ in range(MOST_REDIRECTS + 1):
            secret = self._token is not None and _origin(at) == trusted
            _check(at, secret=secret)
            sent = dict(headers or {})
            if secret:
                sent["Authorization"] = f"Bearer {self._token}"
            with self._client.stream("GET", at, headers=sent) as response:
                if response.status_code in _REDIRECTS and "location" in response.headers:
                    linked |= {name: value for name, value in response.headers.items() if name.startswith("x-")}
                    onward = _joined(at, response.headers["location"])
                    if at.startswith("https:") and not onward.startswith("https:"):
                        raise Failed("protocol", f"{_host(at)} sends us to {_host(onward)} without TLS, which is not followed")
                    at = onward
                    continue
                _check_status(response, first, token=secret)
                yield Answer(response, {**response.headers, **linked})
                return
        raise Failed("protocol", f"{_host(first)} redirects more than {MOST_REDIRECTS} times")

    def read(self, url: str, most: int) -> tuple[bytes, Mapping[str, str]]:
        """A small answer, whole, and its headers; raises as `get`, and Failed for one of more than `most` bytes."""
        with self.get(url) as answer:
            body = b""
            for part in answer.response.iter_bytes():
                body += part
                if len(body) > most:
                    raise Failed("protocol", f"{_host(url)} answers with more than {most:,} bytes")
            return body, answer.response.headers


def explained(error: httpx.TransportError, url: str) -> Failed:
    """A failed connection as a failure."""
    host = _host(url)
    if isinstance(error, httpx.ConnectTimeout):
        return Failed("timeout", f"{host} cannot be reached; is there a proxy to name (HTTPS_PROXY)?")
    if isinstance(error, httpx.TimeoutException):
        return Failed("timeout", f"{host} went silent")
    if isinstance(error, httpx.ProxyError):
        return Failed("unreachable", f"the proxy refuses ({as_text(str(error), 100)}); look at HTTPS_PROXY")
    if isinstance(error, httpx.ConnectError):
        return Failed(
            "unreachable", f"{host} cannot be reached ({as_text(str(error), 100)}); is there a proxy to name (HTTPS_PROXY)?"
        )
    return Failed("reset", f"{host} broke off ({as_text(str(error), 100)})")


def _check_status(response: httpx.Response, url: str, *, token: bool) -> None:
    status, host = response.status_code, _host(str(response.url))
    if status in (200, 206, 416):
        return
    if status == 429 or status >= 500:
        asked = response.headers.get("retry-after", "")
        raise Later(f"{host} is busy (HTTP {status})", min(float(asked), 60.0) if asked.isdecimal() and len(asked) < 9 else None)
    if status == 401:
        wanted = "does not take the token" if token else "wants a token"
        mend = "set HF_TOKEN to one of yours" if _origin(url) == _origin(hub()) else "give it one with --token-command"
        raise Failed("denied", f"{host} {wanted} for this model (HTTP 401); {mend}, or check its name")
    if status == 403:
        page = url.split("/resolve/")[0]
        raise Failed("denied", f"{host} does not let you have this model (HTTP 403); open {page} and accept its terms there")
    if status in (404, 410):
        raise Failed(
            "invalid", f"{host} has no such file (HTTP {status}); `netassist models list OWNER/NAME` shows what there is"
        )
    raise Failed("protocol", f"{host} answers with HTTP {status}, which helps nobody; try again later")


def _check(url: str, *, secret: bool) -> None:
    """Raises Failed where `url` is nothing to ask, or no place for a secret."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
        httpx.URL(url)
    except (ValueError, httpx.InvalidURL):
        raise Failed("protocol", f"{as_text(url, 100)} is not a URL") from None
    if parts.scheme not in ("http", "https") or not host:
        raise Failed("protocol", f"{as_text(url, 100)} is not an http or https URL")
    address = parse_address(host)
    local = host == "localhost" or (address is not None and address.is_loopback)
    if secret and parts.scheme != "https" and not local:
        raise Failed("denied", f"{host} speaks no TLS and gets no token; unset HF_TOKEN (or --token-command), or use https")


def _joined(at: str, onward: str) -> str:
    try:
        return urljoin(at, onward)
    except ValueError:
        return onward


def _origin(url: str) -> tuple[str, str, int]:
    try:
        parts = urlsplit(url)
        return parts.scheme, (parts.hostname or "").lower(), parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        return "", "", 0


def _host(url: str) -> str:
    try:
        parts = urlsplit(url)
        return as_text(f"{parts.hostname}{f':{parts.port}' if parts.port else ''}", 120)
    except ValueError:
        return as_text(url, 60)
