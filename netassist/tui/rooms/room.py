"""What every room with a list is made of: a line that sums up, a filter, the list, and what is known of the chosen row."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, ClassVar, NamedTuple, cast

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from netassist.reports.layout import paragraph
from netassist.tui.columns import Cells, Column, header, line, rank, shaped
from netassist.tui.styled import content, styled
from netassist.tui.widgets.fitted import Fitted
from netassist.untrusted import as_text

if TYPE_CHECKING:
    from netassist.observations import Report
    from netassist.tui.app import NetAssistApp

_log = logging.getLogger(__name__)

MOST_SHOWN = 5000
"""Rows in a list; the filter narrows what is beyond."""


class Row(NamedTuple):
    """`key` stays the same from reading to reading; `words` are what the filter looks in; `group` heads rows that share it."""

    key: str
    cells: Cells
    words: str
    item: object
    group: str = ""


class Rows(NamedTuple):
    """What a room has read: its rows, a line about all of them, and what stands where there are none."""

    rows: Sequence[Row]
    summary: Content = Content("")
    empty: str = "There is nothing here yet."


class Room(Vertical):
    """A room; `COLUMNS` are its list's, `VIEWS` what its pane can show: of the chosen row first, then of all rows."""

    COLUMNS: ClassVar[Sequence[Column]] = ()
    VIEWS: ClassVar[Sequence[str]] = ("details",)
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "filter", "Filter", id="room.filter"),
        Binding("j", "step(1)", "Next row", show=False, id="room.next"),
        Binding("k", "step(-1)", "Row before", show=False, id="room.previous"),
        Binding("S", "sort", "Sort by the next column", show=False, id="room.sort"),
        Binding("escape", "leave", "Back", show=False, id="room.leave"),
        Binding("r", "read", "Read again", show=False, id="room.read"),
        Binding("y", "copy", "Copy", show=False, id="room.copy"),
        Binding("v", "view", "View", show=False, id="room.view"),
        Binding("e", "app.export", "Export", show=False, id="room.export"),
        Binding("question_mark", "app.help", "Help", show=False, id="room.help"),
        *(Binding(str(n), f"app.enter_number({n})", show=False, id=f"room.enter{n}") for n in range(1, 8)),
        Binding("left_square_bracket", "app.enter_next(-1)", show=False, id="room.before"),
        Binding("right_square_bracket", "app.enter_next(1)", show=False, id="room.after"),
    ]

    def __init__(self) -> None:
        super().__init__(classes="room")
        self.found = Rows(())
        self.shown: list[Row] = []
        self._view = 0
        self._sorted: int | None = None
        self._width = 0
        self._made: list[tuple[Content, bool]] = []
        self._in_pane = ""
        self._reading = asyncio.Lock()

    @property
    def netassist(self) -> NetAssistApp:
        return cast("NetAssistApp", self.app)

    def compose(self) -> ComposeResult:
        yield Static(Content("…"), markup=False, classes="summary")
        yield Input(placeholder="Words to look for; Esc shows all again", classes="filter", compact=True)
        with Container(classes="halves"):
            with Vertical(classes="list"):
                yield Static(markup=False, classes="header")
                yield OptionList(markup=False, compact=True)
                if len(self.VIEWS) > 1:
                    with VerticalScroll(classes="chart", can_focus=True):
                        yield Fitted(self._chart)
            with VerticalScroll(classes="pane", can_focus=True):
                yield Fitted(self._pane)

    def on_mount(self) -> None:
        self.query_one(".filter").display = False

    # What each room says of itself

    def read(self) -> Rows:
        """Read everything anew; called in a thread of its own, so no widget may be touched here."""
        raise NotImplementedError

    def details(self, row: Row, width: int) -> Content:
        """What is known of a row."""
        raise NotImplementedError

    def overall(self, view: str, width: int) -> Content:
        """A view of all rows that are shown."""
        return Content("")

    # Reading and showing

    async def entered(self) -> None:
        """The person has come in: read, and let the keys work on the list."""
        self.list.focus()
        await self.action_read()

    async def action_read(self) -> None:
        async with self._reading:
            try:
                self.found = await asyncio.to_thread(self.read)
            except (OSError, ValueError) as error:
                self.found = Rows((), empty=as_text(str(error), 1000))
            except Exception as error:  # noqa: BLE001 - a mistake of ours in one room must not take the conversation along
                _log.error("%s", self.id, exc_info=error)
                told = f"internal error ({type(error).__name__}: {error}); please report it"
                self.found = Rows((), empty=as_text(told, 1000))
        if self.is_attached:
            self.show()

    def read_again(self) -> None:
        """Read what is seen as it is now, unless that is being done."""
        if self.display and self.netassist.room_widget is self and not self._reading.locked():
            self.run_worker(self.action_read())

    def show(self) -> None:
        """Lay out what was read and is not filtered away; the chosen row stays chosen."""
        chosen = self.chosen
        words = self.query_one(".filter", Input).value.casefold().split()
        rows = self.found.rows
        if (place := self._sorted) is not None:
            rows = sorted(rows, key=lambda row: rank(row.cells[place].text))
        self.shown = [row for row in self.arranged(rows) if all(word in row.words.casefold() for word in words)]
        self.query_one(".summary", Static).update(self._summary(bool(words)))
        self._fill()
        keys = [row.key for row in self.shown]
        if self.shown:
            self._highlight(keys.index(chosen.key) if chosen is not None and chosen.key in keys else 0)
        self._refresh_pane()
        for chart in self.query(".chart Fitted").results(Fitted):
            chart.remake()

    def arranged(self, rows: Sequence[Row]) -> Sequence[Row]:
        """The rows in their order, those of a group together."""
        return rows

    def _summary(self, filtered: bool) -> Content:
        if not filtered:
            return self.found.summary
        return self.found.summary + styled((f"  {len(self.shown)} of {len(self.found.rows)} shown (Esc: all)", "warn"))

    def _fill(self) -> None:
        options, width = self.list, self._columns_wide()
        some = self.shown[:MOST_SHOWN]
        shape = shaped(self.COLUMNS, [row.cells for row in some], width)
        self.query_one(".header", Static).update(header(self.COLUMNS, shape) if some else Content(""))
        made: list[tuple[Content, bool]] = []
        group = ""
        if not some:
            made.append((content(paragraph(self.found.empty, width)), True))
        for row in some:
            if row.group and row.group != group:
                group = row.group
                made.append((styled((as_text(group, 200), "title")), True))
            made.append((line(self.COLUMNS, shape, row.cells), False))
        if [disabled for _, disabled in made] != [disabled for _, disabled in self._made]:
            options.clear_options()
            options.add_options(Option(prompt, disabled=disabled) for prompt, disabled in made)
        else:  # what is read again every second must not take the list from under the person's eyes
            for number, (prompt, _) in enumerate(made):
                if not prompt.is_same(self._made[number][0]):
                    options.replace_option_prompt_at_index(number, prompt)
        self._made = made

    def _columns_wide(self) -> int:
        self._width = self.query_one(".list").content_size.width
        return max(self._width - 1, 20)

    def on_resize(self) -> None:
        self.call_after_refresh(self._fit)

    def _fit(self) -> None:
        if self.is_attached and self.found.rows and self.query_one(".list").content_size.width != self._width:
            self.show()

    # The chosen row

    @property
    def list(self) -> OptionList:
        return self.query_one(OptionList)

    @property
    def chosen(self) -> Row | None:
        place = self._places().get(self.list.highlighted) if self.list.highlighted is not None else None
        return self.shown[place] if place is not None and place < len(self.shown) else None

    def _places(self) -> dict[int, int]:
        """Rows by the options that show them; headings are options too."""
        real = [number for number, option in enumerate(self.list.options) if not option.disabled]
        return {option: place for place, option in enumerate(real)}

    def _highlight(self, place: int) -> None:
        option = next((option for option, row in self._places().items() if row == place), None)
        self.list.highlighted = option

    @on(OptionList.OptionHighlighted)
    def _highlighted(self) -> None:
        if self._view == 0:
            self._refresh_pane()

    def _refresh_pane(self) -> None:
        self.query_one(".pane Fitted", Fitted).remake()
        about = f"{self._view} {self.chosen.key if self.chosen is not None else ''}"
        if about != self._in_pane:
            self._in_pane = about
            self.query_one(".pane", VerticalScroll).scroll_home(animate=False)

    def _chart(self, width: int) -> Content:
        """Where the terminal is large: the views of all rows, below the list."""
        views = [self.overall(view, width) for view in self.VIEWS[1:]] if self.shown else []
        return Content("\n\n").join([view for view in views if view.plain])

    def _pane(self, width: int) -> Content:
        view = self.VIEWS[self._view]
        if self._view:
            return self.overall(view, width)
        row = self.chosen
        return self.details(row, width) if row is not None else Content("")

    # Keys

    def action_filter(self) -> None:
        field = self.query_one(".filter", Input)
        field.display = True
        field.focus()

    @on(Input.Changed, ".filter")
    def _filtered(self) -> None:
        self.show()

    @on(Input.Submitted, ".filter")
    def _filter_set(self) -> None:
        self.list.focus()

    async def action_leave(self) -> None:
        """The filter first, then the list, then back to the conversation."""
        field = self.query_one(".filter", Input)
        if field.display:
            field.value = ""
            field.display = False
            self.list.focus()
        elif not self.list.has_focus:
            self.list.focus()
        else:
            await self.netassist.enter("ask")

    def action_step(self, rows: int) -> None:
        if rows > 0:
            self.list.action_cursor_down()
        else:
            self.list.action_cursor_up()

    def action_sort(self) -> None:
        """By the next column that is shown; after the last one, in the room's own order again."""
        names = [column.name for column in self.COLUMNS]
        place = -1 if self._sorted is None else self._sorted
        self._sorted = place + 1 if place + 1 < len(names) else None
        self.show()
        by = "in the order of this room" if self._sorted is None else f"by {names[self._sorted]}"
        self.netassist.say(f"Sorted {by}; S sorts by the next column.")

    def action_view(self) -> None:
        charts = [chart for chart in self.query(".chart") if chart.size]
        if charts:  # what is on the screen already is gone into, and not shown twice
            charts[0].focus()
            self.netassist.say("The arrow keys scroll below the list; Esc goes back to it.")
            return
        self._view = (self._view + 1) % len(self.VIEWS)
        self._refresh_pane()
        if len(self.VIEWS) > 1:
            self.netassist.say(f"Showing {self.VIEWS[self._view]}; v shows {self.VIEWS[(self._view + 1) % len(self.VIEWS)]}.")

    def action_copy(self) -> None:
        text = self._pane(100).plain.strip()
        if text:
            self.netassist.copy_to_clipboard(text)
            self.netassist.say("Copied what stands in the pane, if your terminal lets programs copy (OSC 52).")

    @on(OptionList.OptionSelected)
    def _selected(self) -> None:
        self.query_one(".pane").focus()

    def ask(self, question: Callable[[str], str]) -> None:
        """Ask about the chosen row's place, in the conversation."""
        row = self.chosen
        if row is not None and (place := self.place(row)):
            self.netassist.ask_there(question(place))

    def reports_shown(self) -> Sequence[Report]:
        """The reports that hold what is shown; none where it comes from elsewhere."""
        return ()

    def record(self, row: Row) -> dict[str, str]:
        """A row as it is exported: every column, shown or not."""
        return {column.name: as_text(cell.text, 2000) for column, cell in zip(self.COLUMNS, row.cells, strict=True)}

    def place(self, row: Row) -> str:
        """The host or the network that a row is about; empty where it is about none."""
        return ""

    def sessions(self, row: Row) -> str:
        """The session that a row comes from; empty where it comes from none."""
        return ""
