"""Monitor: what is watched and how it stands, live from the daemon; open alerts; acknowledged, paused and checked from here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from time import monotonic
from typing import ClassVar, cast

from textual import work
from textual.binding import Binding, BindingType
from textual.content import Content

from netassist.monitor.alert import Alert
from netassist.monitor.store.values import Point
from netassist.monitor.times import seconds_of
from netassist.monitor.watch import LONGEST, SHORTEST, Watch
from netassist.reports.layout import BLANK, facts, heading, paragraph
from netassist.reports.style import Line, Span, Style
from netassist.reports.text.monitor_words import every
from netassist.reports.words import count, milliseconds, percent
from netassist.tui.columns import Cell, Column
from netassist.tui.plots import Pair, binned, curve, sparkline
from netassist.tui.rooms.room import Room, Row, Rows
from netassist.tui.screens.choice import Choice, Offer
from netassist.tui.screens.written import Written
from netassist.tui.styled import ago, content, styled
from netassist.tui.watching import Seen, Watched, Watching
from netassist.untrusted import as_text

SPARK = 20
LIVE, EVERY = 1.0, 5.0
"""Seconds between two readings while the room is seen: of the daemon, and of the store where none runs."""
STANDINGS: dict[str, tuple[str, Style]] = {
    "down": ("✘ down", "bad"),
    "degraded": ("! degraded", "warn"),
    "unknown": ("? unknown", "warn"),
    "pending": ("· pending", "dim"),
    "up": ("✔ up", "good"),
}
_ORDER = tuple(STANDINGS)
_BEGIN = (
    "Nothing is monitored yet. In Targets (2), w watches the chosen host, or: netassist monitor add example.org --check icmp. "
    "The watching is done by the daemon: netassist daemon."
)


class Monitor(Room):
    COLUMNS = (
        Column("state", 9),
        Column("watch", 8, 60, grows=True, least=20),
        Column("since", 2, right=True),
        Column("last", 5, right=True),
        Column("24 h", 6, right=True),
        Column("response, a day", 5, SPARK),
        Column("alert", 7, 12),
    )
    VIEWS = ("details", "unresolved alerts")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("A", "acknowledge", "Acknowledge", id="monitor.acknowledge"),
        Binding("c", "check", "Check", id="monitor.check"),
        Binding("p", "pause", "Pause", id="monitor.pause"),
        Binding("i", "interval", "Interval", show=False, id="monitor.interval"),
        Binding("delete,D", "remove", "Remove", show=False, id="monitor.remove"),
        Binding("a", "audit", "Audit", id="monitor.audit"),
        Binding("v", "view", "Alerts", id="monitor.view"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._source: Watching | None = None
        self._seen = Seen((), ())
        self._since_read = 0.0

    @property
    def source(self) -> Watching:
        if self._source is None:
            self._source = Watching(self.netassist.store_url, self.netassist.opened_store, self.netassist.journal)
        return self._source

    @property
    def _chosen_watch(self) -> Watch | None:
        return cast("Watched", self.chosen.item).watch if self.chosen is not None else None

    def on_mount(self) -> None:
        super().on_mount()
        self.set_interval(LIVE, self._tick)

    def _tick(self) -> None:
        if monotonic() - self._since_read >= (LIVE if self._seen.daemon is not None else EVERY):
            self.read_again()

    def read(self) -> Rows:
        from netassist.monitor.store.trouble import StoreTrouble

        try:
            self._seen = self.source.read(self.netassist.clock())
        except StoreTrouble as trouble:
            there = trouble.kind != "unavailable" or (self.netassist.state / "monitor.db").exists()
            return Rows((), empty=f"{trouble}" if there else _BEGIN)
        finally:
            self._since_read = monotonic()
        return self._rows(self._seen)

    def _rows(self, seen: Seen) -> Rows:
        now = self.netassist.clock()
        found = sorted(seen.watched, key=lambda each: (_ORDER.index(each.state.standing), each.watch.key))
        open_ones = [alert for alert in seen.alerts if alert.status == "open"]
        taken = len(seen.alerts) - len(open_ones)
        old = {each.watch.key for each in found if each.is_old(seen.daemon, now)}
        standing: Counter[str] = Counter(each.state.standing for each in found if each.watch.key not in old)
        counted = [f"{standing[word]} {word}" for word in _ORDER if standing[word]]
        counted += [f"{len(old)} not known any more"] if old else []
        summary = styled(
            (count(len(found), "watch", "watches"), "title"), (f": {', '.join(counted)}" if counted else "", "plain")
        )
        summary += styled((f"   {count(len(open_ones), 'open alert')}", "bad" if open_ones else "dim"))
        summary += styled((f", {taken} acknowledged" if taken else "", "dim"))
        last = max((each.state.at for each in found if each.state.at is not None), default=None)
        if seen.daemon is not None:
            summary += styled(("   ● live", "good"))
        elif found:
            summary += styled(("   no daemon answers here", "warn"))
        if last is not None:
            summary += styled((f", checked {ago(now - last)} ago", "warn" if now - last > 900 else "dim"))
        return Rows([_row(each, each.watch.key in old, now) for each in found], summary, _BEGIN)

    def show(self) -> None:
        super().show()
        self.netassist.show_alerts(sum(alert.status == "open" for alert in self._seen.alerts))

    def place(self, row: Row) -> str:
        return cast("Watched", row.item).watch.host

    def details(self, row: Row, width: int) -> Content:
        each, now = cast("Watched", row.item), self.netassist.clock()
        plotted = Content("\n\n") + curve(_pairs(each.history.points), width)
        below = (
            styled((f"\n{'24 h ago':>17}{'now':>{max(width - 20, 4)}}", "dim")) if each.history.times is not None else Content("")
        )
        told = content(_details(each, each.is_old(self._seen.daemon, now), now, width))
        return told + plotted + below + Content("\n\n") + content(_happened(each, now, width))

    def overall(self, view: str, width: int) -> Content:
        alerts = [alert for row in self.found.rows for alert in cast("Watched", row.item).alerts]
        return content(_alerts(alerts, self.netassist.clock(), width))

    def action_audit(self) -> None:
        self.ask("run a comprehensive security audit on {}".format)

    def action_acknowledge(self) -> None:
        row = self.chosen
        waiting = [alert for alert in cast("Watched", row.item).alerts if alert.status == "open"] if row is not None else []
        if not waiting:
            self.netassist.say("The chosen watch has no open alert.")
        for alert in waiting:
            self._acknowledge(alert)

    def _acknowledge(self, alert: Alert) -> None:
        def do() -> str:
            taken = self.source.acknowledge(alert, self.netassist.person(), self.netassist.clock())
            return f"Acknowledged: {taken.title}" if taken is not None else "That alert has been resolved meanwhile."

        self._do(do)

    def action_check(self) -> None:
        if (watch := self._chosen_watch) is not None:
            self.netassist.say(f"Checking {watch.key}…")
            self._do(lambda: self.source.check(watch))

    def action_pause(self) -> None:
        if (watch := self._chosen_watch) is None:
            return

        def do() -> str:
            self.source.change(watch, self.netassist.person(), self.netassist.clock(), enabled=not watch.enabled)
            return f"{watch.key} is {'paused; p goes on with it' if watch.enabled else 'checked again'}."

        self._do(do)

    @work
    async def action_interval(self) -> None:
        if (watch := self._chosen_watch) is None:
            return
        text = "From one check's begin to the next: 90s, 5m, 1h."
        said = await self.app.push_screen_wait(
            Written(f"How often is {watch.key} checked?", text=text, value=f"{watch.interval}s", wrong=_wrong)
        )
        if said is None:
            return
        wanted = int(seconds_of(said))

        def do() -> str:
            self.source.change(watch, self.netassist.person(), self.netassist.clock(), interval=wanted)
            return f"{watch.key} is checked {every(wanted)}."

        self._do(do)

    @work
    async def action_remove(self) -> None:
        if (watch := self._chosen_watch) is None:
            return
        offers = [Offer("no", "No, go on watching it"), Offer("yes", f"Yes, watch {watch.key} no more")]
        if await self.app.push_screen_wait(Choice(f"Remove {watch.key}?", offers, search=False)) != "yes":
            return

        def do() -> str:
            self.source.remove(watch, self.netassist.person(), self.netassist.clock())
            return f"{watch.key} is watched no more."

        self._do(do)

    @work(thread=True, group="monitor")
    def _do(self, do: Callable[[], str]) -> None:
        """Do something to the monitor, say what came of it, and read again."""
        from netassist.assistant.journal import JournalError
        from netassist.monitor.client import Unheard
        from netassist.monitor.store.trouble import StoreTrouble

        try:
            if self.netassist.settings.read_only:
                raise ValueError("In read-only mode nothing is changed.")
            told = do()
        except (StoreTrouble, Unheard, JournalError, ValueError) as trouble:
            told = as_text(str(trouble), 400)
        self.app.call_from_thread(self.netassist.say, told)
        self.app.call_from_thread(self.run_worker, self.action_read())


def _wrong(text: str) -> str:
    try:
        return "" if SHORTEST <= seconds_of(text) <= LONGEST else f"Between {SHORTEST} seconds and 30 days."
    except ValueError as error:
        return str(error)


def _standing(each: Watched, old: bool) -> tuple[str, Style]:
    """How it stands; how it stood, where nobody has looked since."""
    word, style = STANDINGS[each.state.standing]
    return (f"? was {each.state.standing}", "warn") if old else (word, style)


def _row(each: Watched, old: bool, now: float) -> Row:
    word, style = _standing(each, old)
    ratio = each.history.availability.ratio if each.history.availability is not None else None
    alert = each.alerts[0] if each.alerts else None
    cells = (
        Cell(word if each.watch.enabled else "‖ paused", style if each.watch.enabled else "dim"),
        Cell(each.watch.key),
        Cell(ago(now - each.state.since) if each.state.since else "", "dim"),
        Cell(milliseconds(each.state.ms) if each.state.ms is not None else ""),
        Cell(percent(ratio) if ratio is not None else "", "good" if ratio == 1 else "warn"),
        Cell(sparkline([middle for middle, _ in binned(_pairs(each.history.points), SPARK)], SPARK), "accent"),
        Cell(alert.status if alert else "", "bad" if alert and alert.status == "open" else "dim"),
    )
    words = f"{each.watch.key} {each.state.standing} {each.watch.group} {each.state.message} {alert.title if alert else ''}"
    return Row(each.watch.key, cells, words, each)


def _pairs(points: Sequence[Point]) -> list[Pair]:
    return [(point.p50, point.p95) for point in points]


def _details(each: Watched, old: bool, now: float, width: int) -> Iterator[Line]:
    word, style = _standing(each, old)
    watch, state, times = each.watch, each.state, each.history.times
    yield from heading(watch.key, width)
    since = f", for {ago(now - state.since)}" if state.since and not old else ""
    if old:
        yield from paragraph(Span("Nobody has looked since; netassist daemon goes on watching.", "warn"), width)
    yield from paragraph(Span(f"{word}{since}{', flapping' if state.flapping else ''}", style), width)
    if state.message:
        yield from paragraph(state.message, width)
    if state.silenced:
        yield from paragraph(Span(f"nobody is told: {state.silenced}", "warn"), width)
    for alert in each.alerts:
        yield from _alert(alert, now, width)
    up = each.history.availability
    ratio = f"{up.ratio:.2%} of what was measured" if up is not None and up.ratio is not None else "nothing was measured"
    measured = (
        f"p50 {times.p50:.3g} ms, p95 {times.p95:.3g} ms, p99 {times.p99:.3g} ms of {times.count:,}" if times else "none yet"
    )
    rows = [
        ("Checked", f"{every(watch.interval)} (i changes it, Del removes the watch)"),
        ("Last", f"{ago(now - state.at)} ago" if state.at is not None else "not yet"),
        ("24 h up", ratio),
        ("Response", measured),
        *((name.replace("_", " "), value) for name, value in sorted(state.facts.items())),
    ]
    yield BLANK
    yield from facts(rows, width, indent=0)


def _happened(each: Watched, now: float, width: int) -> Iterator[Line]:
    if each.history.events:
        yield from heading("What happened", width)
    for event in each.history.events:
        what = f"{event.what} " if event.what not in ("", event.kind) else ""
        change = f"{event.before} → {event.after}" if event.before or event.after else ""
        yield from paragraph(
            f"{event.kind}: {what}{change}{f' ({event.message})' if event.message else ''}",
            width,
            lead=Span(f"{ago(now - event.at):>6}  ", "dim"),
        )


def _alerts(alerts: Sequence[Alert], now: float, width: int) -> Iterator[Line]:
    yield from heading("Unresolved alerts", width)
    if not alerts:
        yield from paragraph(Span("✔ There is none.", "good"), width)
    for alert in sorted(alerts, key=lambda each: (each.status != "open", -each.opened)):
        yield BLANK
        yield from paragraph(Span(alert.watch, "dim"), width)
        yield from _alert(alert, now, width)


def _alert(alert: Alert, now: float, width: int) -> Iterator[Line]:
    style: Style = "critical" if alert.level == "critical" else "warn"
    taken = f", acknowledged by {alert.acknowledged_by}" if alert.acknowledged_by else ""
    yield from paragraph(Span(alert.title, style), width, lead=Span("! ", style))
    yield from paragraph(Span(f"open for {ago(now - alert.opened)}{taken}", "dim"), width, indent=2)
    for text in (alert.detail, alert.advice):
        if text:
            yield from paragraph(text, width, indent=2)
