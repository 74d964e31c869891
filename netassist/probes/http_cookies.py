"""The cookies that a server sets, without their values (RFC 6265; draft-ietf-httpbis-rfc6265bis)."""

from __future__ import annotations

import msgspec

from netassist.untrusted import as_text


class Cookie(msgspec.Struct, frozen=True):
    """A cookie that was set in answer to `url`; `same_site` in small letters, None where it is not given.

    `persistent` says that it outlives the browser (Max-Age, Expires).
    """

    name: str
    url: str
    secure: bool = False
    http_only: bool = False
    same_site: str | None = None
    domain: str | None = None
    path: str | None = None
    persistent: bool = False


def read_cookie(raw: bytes, url: str) -> Cookie:
    """One Set-Cookie field; attributes that nobody knows are passed over, of those given twice the last counts."""
    pair, *attributes = raw.split(b";")
    name, equals, _ = pair.partition(b"=")
    given: dict[str, str] = {}
    for attribute in attributes[:20]:
        key, _, value = attribute.partition(b"=")
        given[as_text(key, 40).lower()] = as_text(value, 255)
    return Cookie(
        name=as_text(name, 100) if equals else "",
        url=url,
        secure="secure" in given,
        http_only="httponly" in given,
        same_site=given["samesite"].lower() if "samesite" in given else None,
        domain=given.get("domain") or None,
        path=given.get("path") or None,
        persistent="max-age" in given or "expires" in given,
    )


def prefix_violation(cookie: Cookie) -> str | None:
    """What a browser refuses a cookie for whose name promises more than its attributes hold; None where it keeps its promise."""
    name, missing = cookie.name.lower(), list[str]()
    if not name.startswith(("__secure-", "__host-")):
        return None
    if not cookie.secure or not cookie.url.startswith("https:"):
        missing.append("Secure by https")
    if name.startswith("__host-"):
        missing += ["no Domain"] if cookie.domain else []
        missing += ["Path=/"] if cookie.path != "/" else []
    return f"{cookie.name} needs {', '.join(missing)}" if missing else None
