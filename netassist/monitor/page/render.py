"""The views of `view` as HTML: everything on it is disarmed and escaped, and it loads nothing."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib.resources import files

from jinja2 import DictLoader, Environment, StrictUndefined
from markupsafe import Markup

from netassist import __version__
from netassist.monitor.page.curve import curve
from netassist.monitor.page.one import Detail
from netassist.monitor.page.view import PUBLIC_DAYS, Overview
from netassist.monitor.page.words import milliseconds
from netassist.reports.words import lasting
from netassist.untrusted import as_text

LONGEST = 4000
"""Characters of one text."""
TOPS = {"good": 0, "warn": 3, "bad": 5, "plain": 9}
"""Where a day's bar begins, from the top of ten: what is good is whole, so that colour is not needed to tell."""
_TEMPLATES = ("parts.html.jinja", "overview.html.jinja", "detail.html.jinja")


def overview_html(page: Overview) -> bytes:
    return _made("overview.html.jinja", page)


def detail_html(page: Detail) -> bytes:
    return _made("detail.html.jinja", page)


@cache
def policy() -> str:
    """The Content-Security-Policy: the one style sheet, by its hash, and nothing else (no scripts, forms, frames, images)."""
    digest = base64.b64encode(hashlib.sha256(style().encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


@cache
def style() -> str:
    return "\n" + _file("style.css")


def _made(name: str, page: Overview | Detail) -> bytes:
    made = _environment().get_template(name).render(
        page=page, version=__version__, style=Markup(style()), tops=TOPS, home="/all", public_days=PUBLIC_DAYS  # noqa: S704 - our own file
    )
    return made.encode()


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=DictLoader({name: _file(name) for name in _TEMPLATES}),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(curve=curve, milliseconds=milliseconds, lasting=lasting, lined=_lined, combs=_combs)
    return environment


def _shown(value: object) -> object:
    """What any expression puts on the page: text of unknown origin is disarmed here, and escaped after it."""
    return value if isinstance(value, Markup) else as_text(str(value), LONGEST)


@cache
def _combs(days: int) -> Markup:
    """The gaps between the bars of so many days, as one path."""
    return Markup("".join(f"M{day} 0V10" for day in range(1, days)))  # noqa: S704 - whole numbers of ours


def _lined(text: str) -> Markup:
    """Text of several lines, each disarmed and escaped by itself."""
    return Markup("\n").join(as_text(line, LONGEST) for line in text[:LONGEST].split("\n"))


def _file(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")
