"""The servers' own certificates on a timeline, for the HTML page: where each bar begins and ends, in thousandths of the width."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from netassist.observations import Report
from netassist.reports.located import Place, place_of
from netassist.tls.audit import TlsAudit
from netassist.tls.certificate import CertificateInfo
from netassist.tls.chain import Certificate
from netassist.tls.problems import Problem

WIDTH = 1000
PROBLEMS: dict[Problem, str] = {
    "expired": "expired",
    "not_yet_valid": "not valid yet",
    "self_signed": "self-signed",
    "untrusted_root": "unknown authority",
    "wrong_host": "for another host",
    "weak_key_rsa1024": "RSA key below 2048 bits",
    "sha1_signature": "SHA-1 signature",
    "md5_signature": "MD5 signature",
    "missing_intermediate": "intermediate missing",
    "no_san": "no alternative names",
    "wildcard_mismatch": "wildcard does not fit",
    "leaf_is_ca": "an authority's certificate",
    "reversed_or_superfluous_chain": "chain out of order",
    "long_validity": "valid for more than 398 days",
    "revoked": "revoked",
    "must_staple_without_staple": "OCSP staple missing",
    "expires_soon": "expires soon",
}
"""Problems in a few words."""
_BEFORE, _LEAST_AFTER, _MOST_AFTER = timedelta(days=180), timedelta(days=120), timedelta(days=800)


class Row(NamedTuple):
    """One certificate: `x` and `width` are its bar's.

    `state` is a class of the style sheet and speaks of dates and revocation only; `said` is the days left, in words.
    """

    subject: str
    issuer: str
    places: tuple[Place, ...]
    held: Certificate
    problems: tuple[str, ...]
    trusted: bool | None
    x: float
    width: float
    state: str
    said: str


class Timeline(NamedTuple):
    """`first` and `last` are the ends of the axis, `now` (at `x`) when the last certificate was read; `ticks` are new months."""

    first: datetime
    last: datetime
    now: datetime
    x: float
    ticks: tuple[float, ...]
    rows: tuple[Row, ...]


def timeline(reports: Sequence[Report]) -> Timeline | None:
    """The leaf of each chain once, the first to expire first; None where no certificate was read."""
    read = [info for report in reports for info in _of(report) if info.chain]
    if not read:
        return None
    now = max(info.started for info in read)
    ends = max(info.chain[0].not_after for info in read)
    first, last = now - _BEFORE, min(max(ends, now + _LEAST_AFTER), now + _MOST_AFTER)
    places: dict[str, dict[Place, CertificateInfo]] = {}
    for info in read:
        places.setdefault(info.chain[0].fingerprint_sha256, {})[place_of(info)] = info
    rows = [_row(held, first, last) for held in places.values()]
    rows.sort(key=lambda row: row.held.not_after)
    return Timeline(first, last, now, _x(now, first, last), tuple(_ticks(first, last)), tuple(rows))


def _of(report: Report) -> Sequence[CertificateInfo]:
    if isinstance(report, TlsAudit):
        return report.certificates
    return (report,) if isinstance(report, CertificateInfo) else ()


def _row(found: dict[Place, CertificateInfo], first: datetime, last: datetime) -> Row:
    infos = list(found.values())
    held = infos[0].chain[0]
    problems = tuple(dict.fromkeys(problem for info in infos for problem in info.problems))
    begin, end = _x(held.not_before, first, last), _x(held.not_after, first, last)
    state = "bad" if {"expired", "not_yet_valid", "revoked"} & set(problems) else "warn" if "expires_soon" in problems else "good"
    trusted = False if any(info.trusted is False for info in infos) else infos[0].trusted
    width = max(end - begin, 6.0)
    return Row(
        subject=held.subject or "no subject",
        issuer=held.issuer,
        places=tuple(found),
        held=held,
        problems=tuple(PROBLEMS[problem] for problem in problems if problem != "expired"),
        trusted=trusted,
        x=min(begin, WIDTH - width),
        width=width,
        state=state,
        said=_said(infos[0]),
    )


def _said(info: CertificateInfo) -> str:
    left = info.days_left
    if left is None:
        return "days left unknown"
    return f"{left} days left" if left != 1 and left >= 0 else "1 day left" if left == 1 else "expired"


def _x(moment: datetime, first: datetime, last: datetime) -> float:
    part = (moment - first) / (last - first)
    return round(WIDTH * min(max(part, 0.0), 1.0), 1)


def _ticks(first: datetime, last: datetime) -> list[float]:
    """Where each quarter begins."""
    quarters = [first.replace(year=year, month=month, day=1, hour=0, minute=0, second=0, microsecond=0)
                for year in range(first.year, last.year + 1) for month in (1, 4, 7, 10)]  # fmt: skip
    return [_x(moment, first, last) for moment in quarters if first < moment < last]
