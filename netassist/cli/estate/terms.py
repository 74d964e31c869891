"""What holds for every host of an audit."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import NamedTuple

from netassist.audit.exceptions import Exemption
from netassist.cli.estate.baseline import Baseline
from netassist.cli.many.hosts import Place
from netassist.configuration import Settings
from netassist.toolbox import Risk


class Terms(NamedTuple):
    """`deadline` is for one host, in seconds; `rate` is connections a second to one host, None where that is not limited.

    `pages` are URLs to fetch, by their hosts and ports; `today` is the day on which exceptions have to hold.
    """

    settings: Settings
    today: date
    ports: str | None = None
    policies: tuple[str, ...] = ()
    scripts: bool = False
    exceptions: tuple[Exemption, ...] = ()
    baseline: Baseline | None = None
    approved: frozenset[Risk] = frozenset()
    deadline: float = 900.0
    jobs: int = 4
    rate: float | None = None
    revocation: bool = False
    pages: Mapping[Place, tuple[str, ...]] = {}
