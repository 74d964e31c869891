"""What a web server answered, by which way, and how long each phase took."""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus
from typing import TYPE_CHECKING

from netassist.reports.layout import BAD, BLANK, GOOD, NEUTRAL, UNKNOWN, WARN, Task, Text, Tone, Verdict, facts, heading, table
from netassist.reports.style import Span
from netassist.reports.text import finding
from netassist.reports.words import count, listed, milliseconds, quoted, sentence_end
from netassist.untrusted import as_text

if TYPE_CHECKING:
    from netassist.probes.http import HttpCheck, Redirect
    from netassist.probes.http_speech import TlsSummary
    from netassist.reports.style import Line

_PHASES = (
    ("dns", "name lookup"), ("connect", "connect"), ("tls", "TLS handshake"), ("first_byte", "first byte"), ("total", "total")
)  # fmt: skip
_BAR = 24


def task(check: HttpCheck) -> Task:
    return Task("fetch", as_text(check.url, 500))


def verdict(check: HttpCheck) -> Verdict:
    if check.status_code is None:
        return Verdict(f"What {as_text(check.url, 500)} answers is unknown.", UNKNOWN)
    took = f" in {milliseconds(check.timing_ms.total)}" if check.timing_ms.total is not None else ""
    followed = sum(hop.followed for hop in check.redirects)
    after = f", after {count(followed, 'redirect')}" if followed else ""
    last = check.redirects[-1] if check.redirects else None
    onward = f"; it redirects to {last.location}, which was not followed" if last and not last.followed else ""
    # What is an error of the whole report is told with it.
    onward += f" ({last.because})" if onward and last and last.because and check.error is None else ""
    text = f"{as_text(check.url, 500)} answered {_status(check.status_code)}{took}{after}{onward}"
    if check.tls_error:
        return Verdict(sentence_end(f"{text}, but its certificate does not verify: {check.tls_error}"), BAD)
    grave = [item.title for item in check.findings if item.severity in ("critical", "high", "medium")]
    if grave:
        return Verdict(f"{text}. {count(len(grave), 'problem')}: {listed(grave, 4)}.", finding.worst(check.findings))
    return Verdict(f"{text}.", _tone(check.status_code))


def evidence(check: HttpCheck, width: int) -> Iterator[Line]:
    verified = "not verified; everything here was measured without" if check.tls_error else "verified"
    rows = [
        ("Address", check.url),
        ("Status", _status(check.status_code) if check.status_code is not None else "unknown"),
        ("Version", f"HTTP/{check.http_version.removeprefix('HTTP/')}" if check.http_version else None),
        ("Certificate", verified if check.url.startswith("https:") and check.status_code is not None else None),
        ("TLS", _tls(check.tls)),
        ("Page", _page(check)),
        ("Body", _body(check)),
        *(("Redirect", f"{hop.status_code} from {hop.url} to {hop.location}{_unfollowed(hop)}")
          for hop in check.redirects),
    ]  # fmt: skip
    yield from facts(rows, width)
    yield from _timing(check, width)
    if check.cookies:
        yield BLANK
        yield from heading("Cookies", width)
        cookies: list[tuple[Text, ...]] = [
            (c.name or "(no name)", _yes(c.secure), _yes(c.http_only), c.same_site or Span("not set", "warn"), c.path or "")
            for c in check.cookies
        ]
        yield from table(("name", "Secure", "HttpOnly", "SameSite", "path"), cookies, width)
    if check.headers:
        yield BLANK
        yield from heading("Headers", width)
        yield from facts(sorted(check.headers.items()), width)


def _yes(value: bool) -> Span:
    return Span("yes") if value else Span("no", "warn")


def _tls(tls: TlsSummary | None) -> str | None:
    if tls is None:
        return None
    until = "" if tls.days_left is None else f"; the certificate has {count(max(tls.days_left, 0), 'day')} left"
    return f"{', '.join(filter(None, (tls.version, tls.suite, tls.group)))}{until}"


def _page(check: HttpCheck) -> str | None:
    shown = f"{check.default_page}'s own page" if check.default_page not in (None, "directory listing") else check.default_page
    title = quoted(check.title) if check.title else None
    return ", ".join(filter(None, (title, shown))) or None


def _body(check: HttpCheck) -> str | None:
    body = check.body
    if body is None:
        return None
    size = f"{count(body.received, 'byte')}{'' if body.complete else ' read, not all of it'}"
    if not body.encoding:
        return size
    plain = f", {count(body.decoded, 'byte')} when decoded" if body.decoded is not None else ""
    return f"{size}; {body.encoding}{plain}"


def _unfollowed(hop: Redirect) -> str:
    return "" if hop.followed else f" (not followed: {hop.because})" if hop.because else " (not followed)"


def _timing(check: HttpCheck, width: int) -> Iterator[Line]:
    total = check.timing_ms.total
    times = [(label, value) for name, label in _PHASES if (value := getattr(check.timing_ms, name)) is not None]
    if not times:
        return
    yield BLANK
    rows = []
    for label, value in times:
        share = round(_BAR * min(value / total, 1)) if total else 0
        rows.append((label, milliseconds(value), Span("━" * share, "accent") if label != "total" else ""))
    yield from table(("phase", "time", ""), rows, width)


def _status(code: int) -> str:
    try:
        return f"{code} {HTTPStatus(code).phrase}"
    except ValueError:
        return str(code)


def _tone(code: int) -> Tone:
    return GOOD if 200 <= code < 300 else NEUTRAL if code < 400 else WARN if code < 500 else BAD
