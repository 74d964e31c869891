"""The pages out of a real store, over HTTP: the page of all, that of one watch, and what the public gets."""

from __future__ import annotations

import re
import time
from pathlib import Path

import httpx

from netassist.monitor.alert import Alert
from netassist.monitor.happening import Event, Result, State
from netassist.monitor.page import Page
from netassist.monitor.page.render import policy
from netassist.monitor.watch import Watch
from tests.monitor.api.served import Served, played

SHOP = Watch(host="https://shop.example.org/", check="https", interval=60, public=True)
DB = Watch(host="db.example.org", check="tcp", port=5432, interval=60)


def fill(served: Served) -> None:
    """A day of the shop up, and the database down for an hour."""
    now = time.time()
    for watch in (SHOP, DB):
        served.store.put_watch(watch, now)
    since = now - 86400
    up = [Result(watch=SHOP.key, at=since + 60 * turn, outcome="up", ms=40.0 + turn % 7) for turn in range(1440)]
    down = [Result(watch=DB.key, at=now - 3600 + 60 * turn, outcome="down", message="refused <b>") for turn in range(60)]
    states = [
        State(watch=SHOP.key, standing="up", since=since, at=now, ms=41.0),
        State(watch=DB.key, standing="down", since=now - 3600, at=now, message="refused <b>"),
    ]
    event = Event(at=now - 3600, watch=DB.key, kind="state", what="state", before="up", after="down")
    alert = Alert(id="0badcafe", watch=DB.key, about="state", level="critical", title="db is down", opened=now - 3600)
    served.store.record([*up, *down], states, [event], [alert])


def test_the_page_of_all_leads_to_that_of_each(tmp_path: Path) -> None:
    async def story(served: Served) -> None:
        fill(served)
        page = await served.local.get("/")
        assert page.headers["content-security-policy"] == policy()
        assert page.headers["cache-control"] == "no-store"
        assert "1 check is down" in page.text
        assert "db is down" in page.text
        assert "refused &lt;b&gt;" in page.text
        links = re.findall(r'href="(/watch/[0-9a-f]{16})"', page.text)
        assert len(set(links)) == 2
        texts = [(await served.local.get(link)).text for link in dict.fromkeys(links)]
        assert {"https://shop.example.org/" in text for text in texts} == {True, False}
        [shop] = [text for text in texts if "<h1>https://shop" in text]
        assert "99 of 100 within" in shop
        assert '<path class="middle" d="M' in shop
        assert (await served.local.get("/watch/0000000000000000")).status_code == 404

    played(tmp_path, story)


def test_the_public_gets_what_is_public(tmp_path: Path) -> None:
    async def story(served: Served) -> None:
        fill(served)
        page = await served.remote.get("/")
        assert "Of the public checks: everything is up" in page.text
        assert "shop.example.org" in page.text
        assert '<span class="muted">1 up</span>' in page.text  # of what is public alone
        for hidden in ("db.example.org", "db is down", "refused", "/watch/", "5432"):
            assert hidden not in page.text
        [link] = re.findall(r'<a href="(/all)">', page.text)
        asked = await served.remote.get(link, headers={"Accept": "text/html"})
        assert (asked.status_code, asked.headers["www-authenticate"].partition(" ")[0]) == (401, "Basic")
        token = served.token("read")
        for path in ("/", link):
            assert "1 check is down" in (await served.remote.get(path, headers=token)).text
        basic = httpx.BasicAuth("anybody", token["Authorization"].removeprefix("Bearer "))
        assert "1 check is down" in (await served.remote.get(link, auth=basic)).text
        assert "1 check is down" in (await served.local.get("/")).text
        assert '<a href="/all">' not in (await served.local.get("/")).text

    played(tmp_path, story, page=Page(public=True))
