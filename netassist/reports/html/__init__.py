"""Results as one HTML file that loads nothing: for a phone, a screen in the dark, and paper.

The page has no script. Its content security policy allows the one style sheet in it, by its hash, and nothing else, so that
even text that slipped through the escaping could neither run nor load anything.
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib.resources import files

from jinja2 import Environment, StrictUndefined, Template
from markupsafe import Markup

from netassist import __version__
from netassist.observations import SEVERITIES
from netassist.reports.changes import changes_of, excused_of, expired_of
from netassist.reports.formats import Results
from netassist.reports.html.certificates import timeline
from netassist.reports.html.hosts import hosts
from netassist.reports.html.readiness import readiness
from netassist.reports.links import is_link
from netassist.reports.located import Place, grouped, located, parts, place_of, probe_of
from netassist.reports.words import count
from netassist.untrusted import as_text

MOST = 8000
"""Characters of one text."""


def render(results: Results) -> bytes:
    every, found = list(parts(results.reports)), located(results.reports)
    severities = [(severity, sum(each.finding.severity == severity for each in found)) for severity in SEVERITIES]
    began = sorted(report.started for report in every)
    style = _style()
    page = _template().render(
        version=__version__,
        style=Markup(style),  # noqa: S704 - our own file
        digest=base64.b64encode(hashlib.sha256(style.encode()).digest()).decode(),
        began=began,
        checks=len(every),
        severities=severities,
        groups=grouped(found),
        incomplete=[(place_of(report), probe_of(report), report) for report in every if report.status != "ok"],
        changes=results.changes or changes_of(results.reports),
        excused=excused_of(results.reports),
        expired=expired_of(results.reports),
        at=lambda one: Place(one.host, one.port),
        hosts=hosts(results.reports),
        timeline=timeline(every),
        readiness=readiness(every),
        count=count,
        is_link=is_link,
    )
    return page.encode()


def _shown(value: object) -> object:
    """What any expression of the template puts on the page: text of unknown origin is disarmed here, and escaped after it."""
    return value if isinstance(value, Markup) else as_text(str(value), MOST)


@cache
def _template() -> Template:
    environment = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.from_string(files(__package__).joinpath("page.html.jinja").read_text(encoding="utf-8"))


@cache
def _style() -> str:
    return "\n" + files(__package__).joinpath("style.css").read_text(encoding="utf-8")
