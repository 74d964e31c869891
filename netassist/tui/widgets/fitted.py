"""Text that is wrapped by whoever makes it: tables, hanging indents."""

from __future__ import annotations

from collections.abc import Callable

from textual.content import Content
from textual.geometry import Size
from textual.message import Message
from textual.widgets import Static


class Fitted(Static):
    """What `make` returns for the width in columns; made when it is first laid out, and again whenever the width changes."""

    class Made(Message):
        """It has its content, and so its height, for the first time."""

    def __init__(self, make: Callable[[int], Content]) -> None:
        super().__init__(markup=False)
        self._make, self._width = make, 0
        self._rows: list[int] = []

    @property
    def made(self) -> bool:
        """Whether it has its content."""
        return self._width > 0

    def remake(self) -> None:
        """Make it anew, for what it shows has changed; nothing where it was never laid out."""
        if self._width:
            self._show()

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """As of any widget. Layout asks for it with every new width; events of a new size do not always come."""
        if width and width != self._width:
            self.call_later(self._fit, width)
        return super().get_content_height(container, viewport, width)

    def on_resize(self) -> None:
        self._fit(self.content_size.width)

    def _fit(self, width: int) -> None:
        if width and width != self._width:
            first, self._width = not self._width, width
            self._show()
            if first:
                self.call_after_refresh(self.post_message, self.Made())

    def _show(self) -> None:
        made = self._make(self._width)
        rows = [max(-(-len(line) // self._width), 1) for line in made.plain.split("\n")]
        # Laying everything around it out again is dear, and seldom needed.
        self.update(made, layout=rows != self._rows)
        self._rows = rows
