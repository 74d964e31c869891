"""An exchange of a stored session, as it is shown when the session is gone on with."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from netassist.reports.layout import NEUTRAL
from netassist.reports.stored import BadResults, read
from netassist.reports.text import lines, verdict
from netassist.tui.styled import content, styled
from netassist.tui.widgets.answer import Said
from netassist.tui.widgets.fold import Fold
from netassist.untrusted import as_text

if TYPE_CHECKING:
    from netassist.assistant.sessions import Exchanged
    from netassist.observations import Report


class RecalledTurn(Vertical):
    """What was asked and answered then; its reports unfold."""

    def __init__(self, exchange: Exchanged) -> None:
        super().__init__()
        self.exchange = exchange

    def compose(self) -> ComposeResult:
        asked = as_text(self.exchange.request, 2000)
        when = styled((f"  {self.exchange.time:%Y-%m-%d %H:%M} UTC", "dim"))
        yield Static(styled(("❯ ", "accent"), (asked, "title")) + when, markup=False, classes="question")
        try:
            reports = read(self.exchange.answer.encode(), "this answer")
        except BadResults:
            yield Said(as_text(self.exchange.text, 2000), NEUTRAL)
            return
        for report in reports:
            text, tone = verdict(report)
            yield Fold(styled((f"{tone.mark} ", tone.style), (text, "plain")), partial(_report, report))


def _report(report: Report, width: int) -> Content:
    return content(lines(report, width=width))
