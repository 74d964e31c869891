"""The assistant's side of the model worker: starts it, talks to it, and starts it again where it died."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from itertools import count
from pathlib import Path
from typing import TypeVar

import msgspec

from netassist.llama import messages
from netassist.llama.grammar import Node
from netassist.llama.messages import (
    Cancel,
    Complete,
    Completed,
    Load,
    Loaded,
    Reading,
    Refused,
    Reply,
    Request,
    Sampling,
    Segment,
)
from netassist.llama.prefix import MOST_KEPT

_Answer = TypeVar("_Answer")

_SURROUNDINGS = {
    # Threads that wait for each other by spinning make a plan five times slower where other programs want the cores too.
    "OMP_WAIT_POLICY": "passive",
    # llama.cpp would start a debugger to print where it failed.
    "GGML_NO_BACKTRACE": "1",
}
PATIENCE = 2.0
"""Seconds that a worker gets to end by itself."""

CRASHES = frozenset({"SIGABRT", "SIGBUS", "SIGILL", "SIGSEGV"})
"""How a worker ends whose weights were laid out for what the machine cannot do."""


class ModelError(Exception):
    """No answer from the model; the message is one line for the user. `tokens` and `room` are set where a prompt is too long."""

    def __init__(self, problem: messages.Problem, message: str, tokens: int = 0, room: int = 0) -> None:
        super().__init__(message)
        self.problem, self.tokens, self.room = problem, tokens, room


class _Died(Exception):
    """The worker is gone; the message says how."""


class Client:
    """A model in a worker process. Belongs to the event loop that it is first used in.

    Requests are answered one after the other, in the order in which they were made.

    Args:
        prefixes: the folder in which the states of evaluated heads are kept; None keeps none.
        most_kept: bytes of all of them.
        tell: hears how far the head of a prompt is where it has to be read first.
    """

    def __init__(
        self,
        model: Path,
        context: int | None = None,
        threads: int | None = None,
        *,
        prefixes: Path | None = None,
        most_kept: int = MOST_KEPT,
        tell: Callable[[Reading], None] = lambda _: None,
    ) -> None:
        self.model, self._tell = model, tell
        self._load = Load(str(model), context, threads, prefixes=str(prefixes) if prefixes else None, most_kept=most_kept)
        self._numbers = count(1)
        self._starting: asyncio.Task[tuple[_Life, Loaded]] | None = None

    def start(self) -> None:
        """Start and load in the background; what comes of it shows in the first `complete`."""
        if self._starting is None:
            self._starting = asyncio.create_task(self._started())
            # Whoever asks first hears of a failure; where nobody asks it must not be printed.
            self._starting.add_done_callback(lambda task: task.cancelled() or task.exception())

    async def loaded(self) -> Loaded:
        """What the model is. Raises ModelError."""
        return (await self._twice(self._running))[1]

    async def complete(
        self,
        prompt: tuple[Segment, ...],
        grammar: Node,
        most_tokens: int,
        sampling: Sampling | None = None,
        head: int = 0,
        reserve: int = 0,
    ) -> Completed:
        """What the model writes after `prompt`. A worker that dies is started again once, and asked again.

        Args:
            head: how many segments of the prompt stand first in every request, so that their state is worth keeping.
            reserve: tokens for which there has to be room after `most_tokens`, because another request goes on from here.

        Raises:
            ModelError: the model cannot be loaded, the prompt is too long, or the worker died twice.
        """

        async def asked() -> Reply:
            life, _ = await self._running()
            return await life.ask(Complete(next(self._numbers), prompt, grammar, most_tokens, sampling, head, reserve))

        reply = await self._twice(asked)
        assert isinstance(reply, Completed)  # noqa: S101 - the worker answers each kind with its own
        return reply

    @property
    def pid(self) -> int | None:
        """The worker's process, None while there is none."""
        task = self._starting
        return task.result()[0].process.pid if task and task.done() and not task.cancelled() and not task.exception() else None

    @property
    def waiting(self) -> int:
        """Requests that have been sent and not answered."""
        task = self._starting
        return task.result()[0].waiting if self.pid is not None and task else 0

    async def close(self) -> None:
        """End the worker."""
        task, self._starting = self._starting, None
        if task is None:
            return
        if not task.done():
            task.cancel()
        with contextlib.suppress(ModelError, _Died, asyncio.CancelledError):
            life, _ = await task
            await life.end()

    async def _running(self) -> tuple[_Life, Loaded]:
        self.start()
        task = self._starting
        assert task is not None  # noqa: S101 - start() has just made it
        try:
            # Who stops waiting must not stop the loading that others wait for too.
            life, loaded = await asyncio.shield(task)
            life.check()
        except (ModelError, _Died):
            if self._starting is task:
                self._starting = None
            raise
        return life, loaded

    async def _twice(self, asked: Callable[[], Awaitable[_Answer]]) -> _Answer:
        """What was asked for, from a new worker where the first one died."""
        try:
            return await asked()
        except _Died as death:
            self._forget_the_dead(death)
        try:
            return await asked()
        except _Died as death:
            self._forget_the_dead(death)
            raise ModelError("engine", _died_twice(str(death))) from death

    def _forget_the_dead(self, death: _Died) -> None:
        task = self._starting
        if task and task.done() and (task.cancelled() or task.exception() or task.result()[0].dead):
            self._starting = None
        if str(death) in CRASHES:
            self._load = msgspec.structs.replace(self._load, careful=True)

    async def _started(self) -> tuple[_Life, Loaded]:
        life = await _Life.spawn(self._tell)
        try:
            reply = await life.ask(self._load)
        except BaseException:
            await life.end()
            raise
        assert isinstance(reply, Loaded)  # noqa: S101 - the worker answers each kind with its own
        return life, reply


class _Life:
    """One worker process from start to end."""

    def __init__(self, process: asyncio.subprocess.Process, tell: Callable[[Reading], None]) -> None:
        self.process, self._tell = process, tell
        self._waiting: dict[int, asyncio.Future[Reply]] = {}
        self._death: _Died | None = None
        self._listening = asyncio.create_task(self._listen())

    @classmethod
    async def spawn(cls, tell: Callable[[Reading], None]) -> _Life:
        package = Path(__file__).parent.parent.parent
        search = os.pathsep.join(filter(None, (str(package), os.environ.get("PYTHONPATH"))))
        try:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-P", "-m", "netassist.llama.worker",
                stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
                # A session of its own: Ctrl-C on the terminal is the assistant's to handle.
                start_new_session=True, env={**_SURROUNDINGS, **os.environ, "PYTHONPATH": search},
            )  # fmt: skip
        except OSError as error:
            raise ModelError("engine", f"the model's process could not be started: {error.strerror}") from None
        return cls(process, tell)

    async def ask(self, request: Load | Complete) -> Reply:
        """The reply; raises _Died where the process is gone, ModelError where it refuses."""
        self.check()
        future = self._waiting[request.id] = asyncio.get_running_loop().create_future()
        try:
            await self._send(request)
            reply: Reply = await future
        except asyncio.CancelledError:
            with contextlib.suppress(_Died):
                self._write(Cancel(request.id))
            raise
        finally:
            self._waiting.pop(request.id, None)
            # A death that was met while sending is told once.
            future.cancel() or future.cancelled() or future.exception()
        if isinstance(reply, Refused):
            raise ModelError(reply.problem, reply.message, reply.tokens, reply.room)
        return reply

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    @property
    def dead(self) -> bool:
        return self._death is not None

    def check(self) -> None:
        """Raises _Died where the process is known to be gone."""
        if self._death is not None:
            raise _Died(str(self._death))

    async def end(self) -> None:
        assert self.process.stdin is not None  # noqa: S101 - spawned with a pipe
        self.process.stdin.close()
        await self._exit()
        await self._listening

    async def _exit(self) -> int:
        """The code that the process ends with, which it is made to after a while. (A kill at once would race for the code.)"""
        try:
            return await asyncio.wait_for(self.process.wait(), PATIENCE)
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                self.process.kill()
            return await self.process.wait()

    async def _send(self, request: Request) -> None:
        self._write(request)
        assert self.process.stdin is not None  # noqa: S101 - spawned with a pipe
        try:
            await self.process.stdin.drain()
        except (BrokenPipeError, ConnectionResetError):
            await self._listening
            raise _Died(str(self._death)) from None

    def _write(self, request: Request) -> None:
        assert self.process.stdin is not None  # noqa: S101 - spawned with a pipe
        self.process.stdin.write(messages.framed(request))

    async def _listen(self) -> None:
        """Hand out replies until the process ends; then everybody who waits hears of it."""
        assert self.process.stdout is not None  # noqa: S101 - spawned with a pipe
        decoder: msgspec.msgpack.Decoder[Reply] = msgspec.msgpack.Decoder(Reply)
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionResetError, msgspec.DecodeError):
            while True:
                (length,) = messages.LENGTH.unpack(await self.process.stdout.readexactly(messages.LENGTH.size))
                if length > messages.LARGEST:
                    break
                reply: Reply = decoder.decode(await self.process.stdout.readexactly(length))
                if isinstance(reply, Reading):
                    if reply.id in self._waiting:
                        self._tell(reply)
                    continue
                future = self._waiting.get(reply.id)
                if future is not None and not future.done():
                    future.set_result(reply)
        self._death = _Died(_how(await self._exit()))
        for future in self._waiting.values():
            if not future.done():
                future.set_exception(_Died(str(self._death)))


def _died_twice(how: str) -> str:
    if how == "SIGKILL":
        return f"the model's process died twice ({how}, mostly for want of memory); free memory or use a smaller model"
    return f"the model's process died twice ({how}); free memory or use another model"


def _how(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    with contextlib.suppress(ValueError):
        return signal.Signals(-code).name
    return f"signal {-code}"
