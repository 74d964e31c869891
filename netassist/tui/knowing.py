"""What the whole terminal UI knows: what it stands on, and what has been measured so far, as rooms and prompt ask for it."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from textual.app import App
from textual.content import Content

from netassist.untrusted import as_text

if TYPE_CHECKING:
    from netassist.assistant.journal import Journal
    from netassist.backends.planning import Backend
    from netassist.configuration import Settings
    from netassist.monitor.store import Store
    from netassist.tui.doors import Lent
    from netassist.tui.estate import Estate
    from netassist.tui.rooms.ask import Ask
    from netassist.tui.rooms.room import Room
    from netassist.tui.talk import Talk


class Knowing(App[None]):
    """The part of the app that answers; `pulling` says how far a model is that is being fetched."""

    settings: Settings
    backend: Backend
    journal: Journal
    folder: Path | None
    clock: Callable[[], float]
    lent: Lent
    talk: Talk
    ask_room: Ask
    room: str
    pulling: Content | None = None
    _estate: tuple[object, Estate] | None = None
    _words: tuple[str, ...] | None = None

    if TYPE_CHECKING:

        @property
        def room_widget(self) -> Room | Ask: ...
        @property
        def busy(self) -> bool: ...
        def say(self, text: str) -> None: ...
        def show_backend(self) -> None: ...
        async def enter(self, room: str) -> None: ...
        def _listen_to(self, backend: Backend) -> None: ...

    # What is known

    @property
    def state(self) -> Path:
        """The folder of the journal, the sessions and the monitor's store."""
        return self.folder or self.journal.path.parent

    def estate(self) -> Estate:
        """What the stored sessions hold; read again only where something was added. For threads. Raises SessionError."""
        from netassist.assistant.sessions import Sessions
        from netassist.tui.estate import estate

        sessions = Sessions(self.state)
        state = tuple(sessions.listed()) if sessions.path.exists() else ()
        if self._estate is None or self._estate[0] != state:
            self._estate = state, estate(sessions)
        return self._estate[1]

    def forget_estate(self) -> None:
        """Something new was measured."""
        self._words = None

    def opened_store(self, *, create: bool = False) -> Store:
        """The monitor's store; where there is none it is made only with `create`. For threads. Raises StoreTrouble."""
        from netassist.monitor.store import open_store

        return open_store(self.store_url, create=create)

    def open_alerts(self) -> int | None:
        """How many alerts nobody has taken on; None where the store cannot be read. For threads."""
        from netassist.monitor.store.trouble import StoreTrouble

        try:
            with closing(self.opened_store()) as store:
                return sum(alert.status == "open" for alert in store.unresolved())
        except StoreTrouble as trouble:
            return 0 if trouble.kind == "unavailable" else None
        except (OSError, ValueError):
            return None

    @property
    def store_url(self) -> str | None:
        """Where the monitor's store is. Reads monitor.toml."""
        from netassist.configuration import state_folder
        from netassist.monitor.plan_file import store_of

        return store_of() if self.state == state_folder() else str(self.state / "monitor.db")

    def person(self) -> str:
        """Who sits here, as it is written beside what was acknowledged."""
        import pwd

        try:
            return pwd.getpwuid(os.getuid()).pw_name
        except KeyError:
            return str(os.getuid())

    def words(self) -> Sequence[str]:
        """What a question may hold that can be completed: hosts, their names, tools."""
        if self._words is None:
            from netassist.toolbox import tools

            targets = [held.report.target for held in (self._estate[1].held if self._estate is not None else ())]
            hosts = [target if isinstance(target, str) else target.host for target in targets]
            inventory = self.settings.targets
            self._words = tuple(dict.fromkeys([*inventory, *inventory.values(), *hosts, *tools()]))
        return self._words

    def recall_history(self) -> None:
        """Let the prompt know what was asked in earlier sessions; in a thread."""
        from netassist.assistant.sessions import SessionError, Sessions

        sessions = Sessions(self.state)
        if self.folder is None or not sessions.path.exists():
            return
        try:
            asked = [each.request for each in sessions.search("", 200)]
        except SessionError as error:
            self.call_from_thread(self.say, as_text(str(error), 300))
            return
        self.call_from_thread(self.ask_room.prompt.remember, reversed(asked))
