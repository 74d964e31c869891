"""A made-up estate as the page shows it: some of it up, some of it not, ninety days of it."""

from __future__ import annotations

import math
from collections.abc import Sequence

from netassist.monitor.alert import Alert
from netassist.monitor.happening import Event, Result, Standing, State
from netassist.monitor.page.view import Known
from netassist.monitor.store import Availability, Day, Point, Window
from netassist.monitor.watch import Watch

DAY = 86400.0
NOW = 1_795_910_400.0 + 9.5 * 3600
"""2026-11-29 09:30 UTC"""

WATCHES = (
    Watch(host="https://shop.example.org/", check="https", group="Shop", public=True, interval=60),
    Watch(host="shop.example.org", check="certificate", group="Shop", public=True, interval=3600),
    Watch(host="db1.example.org", check="tcp", port=5432, group="Shop", tags={"team": "data"}),
    Watch(host="192.0.2.10", check="icmp", group="Network", public=True, interval=60),
    Watch(host="2001:db8::53", check="dns", group="Network"),
    Watch(host="bastion.example.org", check="ssh", group="Network", interval=3600),
    Watch(host="mail.example.org", check="smtp", group="Mail", public=True, tags={"title": "Mail, incoming"}),
    Watch(host="mail.example.org", check="tls", port=465, group="Mail", interval=86400),
    Watch(host="intranet.example.org", check="quantum", interval=86400),
    Watch(host="printer.example.org", check="http", enabled=False),
)
_HOW: tuple[tuple[Standing, float | None, str, dict[str, str]], ...] = (
    ("up", 84.0, "", {"certificate": "CN=shop.example.org, issuer CN=R11, valid until 2027-02-09", "expires": "2027-02-09T12Z"}),
    ("degraded", None, "the certificate expires in 12 days", {"expires": "2026-12-11T12Z", "certificate": "CN=shop.example.org"}),
    ("down", None, "db1.example.org:5432: connecting: refused; nothing listens there", {}),
    ("up", 1.3, "", {}),
    ("unknown", None, "2001:db8::53: this machine has no route there; check its network, and that it has IPv6", {}),
    ("up", 31.0, "", {"post_quantum": "safe", "host_key": "ssh-ed25519 SHA256:2qM…"}),
    ("up", 120.0, "", {}),
    ("up", None, "", {"grade": "A", "post_quantum": "available", "expires": "2027-01-17T12Z"}),
    ("up", None, "", {"post_quantum": "not_safe"}),
    ("pending", None, "", {}),
)


def known(now: float = NOW) -> Known:
    """The estate as it is at `now`."""
    keys = [watch.key for watch in WATCHES]
    return Known(
        watches=WATCHES,
        states={key: _state(key, place, now) for place, key in enumerate(keys)},
        days={key: days(place, now) for place, key in enumerate(keys)},
        curves={key: curve(place, now) for place, key in enumerate(keys) if place in (0, 2, 3, 5, 6)},
        alerts=alerts(now),
        events=events(now),
        windows=(Window(name="new switch", watches=("Network",), starts=now - 600, ends=now + 3600),),
        now=now,
    )


def _state(key: str, place: int, now: float) -> State:
    standing, ms, message, facts = _HOW[place]
    silenced = "maintenance new switch" if WATCHES[place].group == "Network" else "paused" if not WATCHES[place].enabled else ""
    return State(
        watch=key,
        standing=standing,
        since=0.0 if standing == "pending" else now - (1140.0 if standing == "down" else (place + 1) * 2.3 * DAY),
        at=None if standing == "pending" else now - 30,
        ms=ms,
        message=message,
        silenced=silenced,
        flapping=place == 6,
        facts=facts,
    )


def days(place: int, now: float) -> Sequence[Day]:
    """Ninety of them: a gap, a bad one, some with a little trouble."""
    midnight = now - now % DAY
    return [_day(midnight - (89 - number) * DAY, place * 7 + number, place, number) for number in range(90)]


def _day(at: float, seed: int, place: int, number: int) -> Day:
    if number < 6 * place % 40 or place == 9:
        return Day(at=at, availability=Availability(unmeasured=DAY), worst="pending")
    if seed % 43 == 0 or (place == 2 and number == 89):
        return Day(at=at, availability=Availability(up=0.8 * DAY, down=0.2 * DAY), worst="down")
    if seed % 17 == 0:
        return Day(at=at, availability=Availability(up=DAY - 400, degraded=400), worst="degraded")
    return Day(at=at, availability=Availability(up=DAY), worst="up")


def curve(place: int, now: float) -> Sequence[Point]:
    """A day of response times, with a gap in the night."""
    found = []
    for number in range(96):
        at = now - (96 - number) * 900
        if 20 < number < 27 and place == 0:
            found.append(Point(at=at, p50=None, p95=None))
            continue
        middle = 40 + 10 * place + 12 * math.sin(number / 9) + (number * 37 % 11)
        found.append(Point(at=at, p50=middle, p95=middle * (1.3 + (number * 53 % 7) / 10)))
    return found


def alerts(now: float) -> Sequence[Alert]:
    return (
        Alert(
            id="3f9a1c22",
            watch="tcp db1.example.org 5432",
            about="state",
            level="critical",
            title="db1.example.org port 5432 (tcp) is down",
            detail="Since 2026-11-29 09:11 UTC. Up for 16 days before. Last: connecting: refused; nothing listens there",
            advice="see whether the database runs there: systemctl status postgresql",
            opened=now - 1140,
            evidence="tcp_check db1.example.org 5432: refused\nping db1.example.org: 4 of 4 answered, 1.2 ms",
        ),
        Alert(
            id="77aa01bc",
            watch="certificate shop.example.org",
            about="state",
            level="warning",
            status="acknowledged",
            acknowledged_by="maria",
            title="shop.example.org (certificate) is degraded",
            detail="The certificate expires in 12 days",
            advice="renew it: certbot renew",
            opened=now - 2 * DAY,
            acknowledged=now - DAY,
        ),
        Alert(
            id="0b11d0aa",
            watch="icmp 192.0.2.10",
            about="state",
            level="critical",
            status="resolved",
            title="192.0.2.10 (icmp) is down",
            opened=now - 5 * DAY,
            resolved=now - 5 * DAY + 754,
        ),
    )


def events(now: float) -> Sequence[Event]:
    return (
        Event(at=now - 1140, watch="tcp db1.example.org 5432", kind="state", what="state", before="up", after="down",
              message="connecting: refused; nothing listens there"),
        Event(at=now - DAY, watch="ssh bastion.example.org", kind="drift", what="post_quantum", before="not_safe", after="safe",
              message="post-quantum key exchange appeared: it is used"),
        Event(at=now - 2 * DAY, watch="", kind="online", message="this machine has its network again"),
    )  # fmt: skip


def results(now: float, number: int = 30) -> Sequence[Result]:
    """The last results of the first watch, oldest first."""
    return [
        Result(watch=WATCHES[0].key, at=now - (number - each) * 60, outcome="down" if each == 3 else "up",
               ms=None if each == 3 else 80.0 + each, message="no answer within 5 s" if each == 3 else "")
        for each in range(number)
    ]  # fmt: skip
