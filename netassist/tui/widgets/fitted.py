"""Text that is wrapped by whoever makes it: tables, hanging indents."""

from __future__ import annotations

from collections.abc import Callable

from textual.content import Content
from textual.message import Message
from textual.widgets import Static


class Fitted(Static):
    """What `make` returns for the width in columns; made when it is first seen, and again whenever the width changes."""

    class Made(Message):
        """It has its content, and so its height, for the first time."""

    def __init__(self, make: Callable[[int], Content]) -> None:
        super().__init__(markup=False)
        self._make, self._width = make, 0

    @property
    def made(self) -> bool:
        """Whether it has its content, which it gets with its width."""
        return self._width > 0

    def on_mount(self) -> None:
        # A width that it got before it was mounted is not always told by an event.
        self.call_after_refresh(self._fit)

    def on_resize(self) -> None:
        self._fit()

    def _fit(self) -> None:
        if (width := self.content_size.width) and width != self._width:
            first, self._width = not self._width, width
            self.update(self._make(width))
            if first:
                self.call_after_refresh(self.post_message, self.Made())
