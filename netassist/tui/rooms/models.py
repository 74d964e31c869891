"""Models and backends: the ladder in its order, what each has used and how fast it is; local models to fetch and to plan with."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, NamedTuple, cast

from textual.binding import Binding, BindingType
from textual.content import Content

from netassist.backends.ladder import duration
from netassist.backends.ledger import Ledger, Spent
from netassist.backends.overview import Standing, overview
from netassist.reports.layout import BLANK, facts, heading, paragraph
from netassist.reports.style import Line, Span, Style
from netassist.tui.columns import Cell, Column
from netassist.tui.rooms.room import Room, Row, Rows
from netassist.tui.styled import bar, content, styled

EVERY = 1.0
"""Seconds between two readings while the room is seen."""
STATES: dict[str, tuple[str, Style]] = {
    "ready": ("✔ ready", "good"),
    "left_alone": ("! left alone", "warn"),
    "no_key": ("✘ no key", "bad"),
    "budget_spent": ("✘ budget spent", "bad"),
    "not_used": ("· not used", "dim"),
}


class Local(NamedTuple):
    """A GGUF file of the catalogue, one that was fetched, or the built-in model; `used` is the one that plans."""

    name: str
    source: str
    what: str
    bytes: int
    computed: bool
    there: bool
    used: bool


class Models(Room):
    COLUMNS = (
        Column("name", 9, 30),
        Column("state", 8),
        Column("model", 8, 60, grows=True),
        Column("speed", 5, right=True),
        Column("tokens today", 4, right=True),
        Column("size", 4, right=True),
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("u", "use", "Plan with it", id="models.use"),
        Binding("p", "pull", "Fetch", id="models.pull"),
        Binding("R", "retry", "Retry", id="models.retry"),
    ]

    def on_mount(self) -> None:
        super().on_mount()
        self.set_interval(EVERY, self.read_again)

    def read(self) -> Rows:
        app = self.netassist
        ledger = Ledger(app.state)
        standings = overview(app.settings, ledger).backends
        rows = [_backend(each) for each in standings]
        rows += [_local(each) for each in locals_of(app.settings.model.file)]
        order = " → ".join(each.name for each in standings if each.rung)
        now = app.backend
        summary = styled((f"Asked in this order: {order}", "title"), (f"   now {now.name} · {now.model}", "dim"))
        return Rows(rows, summary)

    def details(self, row: Row, width: int) -> Content:
        pulling = self.netassist.pulling
        return (pulling + Content("\n\n") if pulling is not None else Content("")) + self._details(row, width)

    def _details(self, row: Row, width: int) -> Content:
        if isinstance(row.item, Standing):
            return _spent_bars(row.item) + content(_standing(row.item, width))
        return content(_of_local(cast("Local", row.item), width))

    def action_use(self) -> None:
        if (row := self.chosen) is None:
            return
        if isinstance(row.item, Standing):
            self.netassist.use_backend(row.item.name)
        else:
            local = cast("Local", row.item)
            if local.there:
                self.netassist.use_model(local.source)
            else:
                self.netassist.say(f"{local.name} is not on this machine yet; p fetches it.")

    def action_pull(self) -> None:
        row = self.chosen
        if row is not None and isinstance(row.item, Local) and not row.item.there:
            self.netassist.pull(row.item.name)
        else:
            self.netassist.say("Choose a model that is not here yet; p fetches it after its licence.")

    def action_retry(self) -> None:
        from netassist.remotes import REMOTE

        ledger = Ledger(self.netassist.state)
        if ledger.path.exists():
            ledger.recovered(*REMOTE)
        self.run_worker(self.action_read())
        self.netassist.say("Backends that failed are asked again at once.")


def locals_of(configured: str | None) -> Iterator[Local]:
    """The models of this machine, and those of the catalogue that are not here."""
    from netassist.backends.testllm import BUILT_IN
    from netassist.llama.catalogue import catalogue
    from netassist.llama.shelf import models

    yield Local(
        BUILT_IN.stem, "built-in", "built in: plans in about a second", BUILT_IN.stat().st_size, False, True, not configured
    )
    fetched = {model.name: model for model in models()}
    book = catalogue()
    for file in book.files:
        full = f"{book.repository}:{book.file_of(file)}"
        there = fetched.pop(full, None)
        size = there.path.stat().st_size if there else book.size(file)
        used = there is not None and configured in (file.name, str(there.path), full)
        yield Local(file.name, full, file.what, size, there is None and file.bytes is None, there is not None, used)
    for model in fetched.values():
        yield Local(
            model.name, model.name, "fetched", model.path.stat().st_size, False, True, configured in (model.name, str(model.path))
        )


def _backend(each: Standing) -> Row:
    word, style = STATES[each.state]
    if each.state == "ready" and each.why:
        word, style = "? maybe ready", "warn"
    speed = f"{each.latency.median:.1f} s" if each.latency is not None else ""
    used = f"{each.spent_today.tokens:,}" if each.spent_today is not None and each.rung else ""
    name = f"{each.rung}. {each.name}" if each.rung else f"   {each.name}"
    cells = (Cell(name, "title"), Cell(word, style), Cell(f"{each.model} on {each.where}"), Cell(speed), Cell(used), Cell(""))
    return Row(f"backend {each.name}", cells, f"{each.name} {each.model} {each.where} {each.state}", each, "Backends")


def _local(each: Local) -> Row:
    size = f"{'~' if each.computed else ''}{each.bytes / 1e9:.2f} GB" if each.bytes >= 1e8 else f"{each.bytes / 1e6:.1f} MB"
    state = ("✔ in use", "good") if each.used else ("here", "plain") if each.there else ("not here", "dim")
    cells = (
        Cell(each.name),
        Cell(state[0], cast("Style", state[1])),
        Cell(each.what, "dim"),
        Cell(""),
        Cell(""),
        Cell(size, "dim"),
    )
    return Row(f"local {each.source}", cells, f"{each.name} {each.source} {each.what}", each, "Local models")


def _spent_bars(each: Standing) -> Content:
    spent = each.spent_today
    if spent is None or not spent.token_limit:
        return Content("")
    return styled(("Today's tokens ", "dim")) + bar(spent.tokens / spent.token_limit) + Content("\n\n")


def _standing(each: Standing, width: int) -> Iterator[Line]:
    yield from heading(each.name, width)
    if each.why:
        yield from paragraph(Span(each.why, "warn" if each.rung else "dim"), width)
    latency = each.latency
    speed = (
        f"{latency.median:.1f} s, at most {latency.slowest:.1f} s, of the last {latency.calls}"
        if latency
        else "no answer was timed yet"
    )
    rows = [
        ("Model", each.model),
        ("Where", each.where),
        ("Answers in", speed),
        ("Today", _used(each.spent_today) if each.spent_today else "nothing is counted on this machine"),
        ("Key", each.key or ""),
        ("Privacy", each.privacy or ""),
        ("Asked again", f"in {duration(each.asked_again_s)}" if each.asked_again_s else ""),
    ]
    yield from facts(rows, width, indent=0)


def _used(spent: Spent) -> str:
    tokens = f"{spent.tokens:,} tokens" if spent.token_limit is None else f"{spent.tokens:,} of {spent.token_limit:,} tokens"
    money = "" if not spent.money and spent.money_limit is None else f", {spent.money:.4f} in money"
    return tokens + money + (" (estimated in part)" if spent.estimated else "")


def _of_local(each: Local, width: int) -> Iterator[Line]:
    yield from heading(each.name, width)
    yield from paragraph(each.what, width)
    yield BLANK
    yield from facts([("Source", each.source)], width, indent=0)
    yield BLANK
    hint = "It plans now." if each.used else "u plans with it from now on." if each.there else "p fetches it, after its licence."
    yield from paragraph(Span(hint, "accent"), width)
