"""What can be done from every room: export, copy, go on with a session, add targets, accept findings, change models."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, cast

from textual import work
from textual.content import Content

from netassist.tui.knowing import Knowing
from netassist.tui.rooms import ASK, DOORS
from netassist.tui.themes import THEMES
from netassist.untrusted import as_text

if TYPE_CHECKING:
    from netassist.backends.planning import Backend
    from netassist.observations import Report
    from netassist.remotes import BackendId
    from netassist.tui.rooms.room import Room


class Deeds(Knowing):
    """What the app does when it is told to by a key, a command or a room."""

    # Asking from elsewhere

    @work
    async def ask_there(self, question: str) -> None:
        """Ask in the conversation; where a request is under way, let the question wait in the line."""
        await self.enter(ASK)
        if self.busy:
            self.ask_room.prompt.value = question
            self.say("One question at a time: this one waits; Enter asks it when the answer is there.")
        else:
            self.ask_room.prompt.remember([question])
            await self.ask_room.ask(question)

    @work
    async def write_there(self, question: str) -> None:
        """Write a question into the line, to be changed or asked."""
        await self.enter(ASK)
        self.ask_room.prompt.value = question
        self.ask_room.prompt.focus()

    @work
    async def action_recall(self) -> None:
        from netassist.tui.screens.choice import Choice, Offer

        history = [*dict.fromkeys(reversed(self.ask_room.prompt.asked))]
        if not history:
            self.say("Nothing was asked yet.")
            return
        chosen = await self.push_screen_wait(Choice("Earlier questions", [Offer(text, text) for text in history]))
        if chosen is not None:
            self.write_there(chosen)

    @work
    async def action_sessions(self) -> None:
        from netassist.assistant.sessions import SessionError, Sessions
        from netassist.tui.screens.choice import Choice, Offer

        sessions = Sessions(self.state)
        try:
            listed = sessions.listed(500) if sessions.path.exists() else []
        except SessionError as error:
            self.say(as_text(str(error), 300))
            return
        if not listed or self.folder is None:
            self.say("No session has been stored yet; each conversation is, by itself.")
            return
        offers = [Offer(s.id, s.title, f"{s.updated:%Y-%m-%d %H:%M}, {s.exchanges} asked") for s in listed]
        chosen = await self.push_screen_wait(Choice("Go on with a session", offers))
        if chosen is not None:
            await self.enter(ASK)
            await self.ask_room.go_on(chosen)

    def action_help(self) -> None:
        from netassist.tui.keys import here
        from netassist.tui.rooms.room import Room
        from netassist.tui.screens.help import Help

        if len(self.screen_stack) > 1:
            return
        if self.room == ASK:
            self.push_screen(Help(), self._take_over)
            return
        door = next(door for door in DOORS if door.id == self.room)
        keys = here(self, [type(self.room_widget), Room, type(self)])
        each_once = {key: (key, meaning, id) for key, meaning, id in reversed(keys)}
        self.push_screen(Help(door.title, door.does, [*each_once.values()][::-1]))

    def _take_over(self, example: str | None) -> None:
        if example is not None:
            self.ask_room.prompt.value = example
            self.ask_room.prompt.focus()

    # Looks

    def action_next_theme(self) -> None:
        names = [theme.name for theme in THEMES]
        self.set_theme(names[(names.index(self.theme) + 1) % len(names)] if self.theme in names else names[0])

    def set_theme(self, name: str) -> None:
        """Use these colours from now on."""
        from netassist.tui.preferences import keep_theme

        self.theme = name
        if self.lent.preferences is not None:
            try:
                keep_theme(self.lent.preferences, name)
            except (OSError, ValueError) as error:
                self.say(f"{self.lent.preferences}: cannot be written: {as_text(str(error), 200)}")

    # Export and copy

    def seen(self) -> list[Report]:
        """The reports behind what is seen: those of the conversation, or those that the room shows."""
        if self.room == ASK:
            return [report for answer in self.talk.answers for report in answer.reports]
        return list(cast("Room", self.room_widget).reports_shown())

    def rows_seen(self) -> list[dict[str, str]]:
        """The rows of the room that is seen, as they are shown; none in the conversation."""
        room = cast("Room", self.room_widget)
        return [room.record(row) for row in room.shown] if self.room != ASK else []

    @work
    async def action_export(self) -> None:
        from netassist.tui.exporting import export

        if len(self.screen_stack) == 1:
            await export(self)

    def copy_answer(self) -> None:
        """Copy the text of the last answer."""
        if self.talk.answers:
            self.copy_to_clipboard(self.talk.answers[-1].answer)
            self.say("Copied, if your terminal lets programs copy (OSC 52).")
        else:
            self.say("There is no answer yet.")

    # Hosts of one's own

    @work
    async def add_targets(self, then: Callable[[], object] = lambda: None) -> None:
        """Let the person write hosts down; they go into the configuration, and count at once."""
        from netassist.configuration import BadConfiguration
        from netassist.tui.inventory import added, read_list
        from netassist.tui.screens.written import Written

        if self.lent.configuration is None:
            self.say("There is no configuration to write to here; netassist config path names yours.")
            return
        text = "One a line: my server = 192.0.2.7, or the host alone. Networks such as 192.0.2.0/28 too. They are added to\n"
        screen = Written("Your hosts", text=f"{text}{self.lent.configuration}", lines=True, wrong=_wrong_list)
        said = await self.push_screen_wait(screen)
        hosts = read_list(said) if said else {}
        if not hosts:
            return
        try:
            added(self.lent.configuration, hosts)
        except BadConfiguration as error:
            self.say(as_text(str(error), 400))
            return
        self.reload()
        self.say(f"{len(hosts)} host{'s' if len(hosts) > 1 else ''} written to {self.lent.configuration}.")
        then()

    def reload(self) -> None:
        """Read the configuration again; the conversation goes on with it."""
        from netassist.configuration import BadConfiguration, load

        try:
            self.settings = load(self.lent.configuration)
        except BadConfiguration as error:
            self.say(as_text(str(error), 400))
            return
        self.talk.change(settings=self.settings)
        self._words = None

    # Findings

    @work
    async def accept(self, rule: str, where: str, then: Callable[[], object]) -> None:
        """Let the person say why and for how long, and write the exception into the project file of this folder."""
        from netassist.tui.accepting import accepted

        if await accepted(self, rule, where):
            then()

    # Watching

    @work
    async def watch_host(self, host: str, port: int | None) -> None:
        """Let the person choose a check, and watch the host with it; `port` is where it speaks TLS."""
        from netassist.tui.adding import watched

        if self.settings.read_only:
            self.say("In read-only mode nothing is changed, so nothing is added to what is watched.")
        else:
            await watched(self, host, port)

    # Models

    @work
    async def use_backend(self, name: BackendId) -> None:
        """Plan with one backend from now on, in this program alone."""
        from netassist.configuration import BadConfiguration

        if self.lent.backend is None or self.busy:
            self.say("A request is under way; cancel it first." if self.busy else "Backends cannot be switched here.")
            return
        try:
            backend = self.lent.backend(self.settings, name)
        except BadConfiguration as error:
            self.say(as_text(str(error), 300))
            return
        await self._switch(backend)
        self.say(f"{backend.name} plans until you quit; the configuration's order stays as it is.")

    @work
    async def use_model(self, source: str) -> None:
        """Plan with a local model, now and from now on."""
        from netassist.configuration import BadConfiguration

        lent = self.lent
        if lent.set_model is None or lent.backend is None or lent.configuration is None or self.busy:
            self.say("A request is under way; cancel it first." if self.busy else "Models cannot be switched here.")
            return
        try:
            lent.set_model(lent.configuration, None if source == "built-in" else source)
            self.reload()
            backend = lent.backend(self.settings, "testllm")
        except (BadConfiguration, OSError) as error:
            self.say(as_text(str(error), 300))
            return
        await self._switch(backend)
        self.say(f"{backend.model} plans from now on; it is written to {lent.configuration}.")

    async def _switch(self, backend: Backend) -> None:
        old, self.backend = self.backend, backend
        self.talk.change(backend=backend)
        self._listen_to(backend)
        self.show_backend()
        await old.close()

    @work
    async def pull(self, name: str) -> None:
        """Fetch a model, after its licence."""
        from netassist.tui.fetching import Fetching
        from netassist.tui.screens.choice import Choice, Offer

        if self.pulling is not None:
            self.say("A model is being fetched already.")
            return
        self.pulling = Content("asking the hub…")
        fetching = Fetching(name)
        try:
            text = await fetching.found()
            yes = [Offer("no", "No, fetch nothing"), Offer("yes", "I have read the licence and accept it: fetch it")]
            if await self.push_screen_wait(Choice(f"Fetch {name}?", yes, text=text, search=False)) != "yes":
                return
            self.say(await fetching.fetched(partial(self.call_from_thread, self._pulled)))
        except (OSError, ValueError) as error:
            self.say(as_text(str(error), 400))
        finally:
            self.pulling = None

    def _pulled(self, text: str, fraction: float | None) -> None:
        from netassist.tui.styled import bar

        self.pulling = Content(text) + (Content("\n") + bar(fraction) if fraction is not None else Content(""))
        self.say(text)

    # The first start

    @work
    async def first_questions(self) -> None:
        """Three short questions; each can be skipped."""
        from netassist.tui.beginning import asked

        await asked(self)


def _wrong_list(text: str) -> str:
    from netassist.tui.inventory import read_list

    try:
        read_list(text)
    except ValueError as error:
        return str(error)
    return ""
