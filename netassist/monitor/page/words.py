"""Words of the status page: standings, tones, checks, availabilities."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from netassist.monitor.happening import Standing

Tone = Literal["good", "warn", "bad", "plain"]
TONES: Mapping[Standing, Tone] = {"up": "good", "degraded": "warn", "down": "bad", "unknown": "plain", "pending": "plain"}
WORDS: Mapping[Standing, str] = {
    "up": "up", "degraded": "degraded", "down": "down", "unknown": "not known", "pending": "not confirmed yet",
}  # fmt: skip
CHECKS: Mapping[str, str] = {
    "icmp": "ping", "tcp": "port", "dns": "DNS", "http": "web", "https": "web, TLS", "smtp": "mail", "certificate": "certificate",
    "tls": "TLS audit", "quantum": "quantum safety", "ssh": "SSH", "nmap": "open ports",
}  # fmt: skip


def percent(ratio: float | None) -> str:
    """An availability; never rounded up to a whole that it was not."""
    if ratio is None:
        return "not measured"
    shown = f"{int(ratio * 100_000) / 1000:.3f}".rstrip("0").rstrip(".")
    return f"{shown} %"


def milliseconds(ms: float) -> str:
    return f"{ms:.0f} ms" if ms >= 10 else f"{ms:.1f} ms" if ms >= 1 else f"{ms:.2f} ms"
