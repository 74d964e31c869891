"""The process in which llama.cpp runs: ``python -m netassist.llama.worker``, requests on stdin, replies on stdout.

It ends when its stdin does, so nothing is left running when the assistant is gone, however that went.
"""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Callable
from pathlib import Path

import msgspec

from netassist.llama import decode
from netassist.llama.engine import LlamaEngine, NotAModel
from netassist.llama.matching import start
from netassist.llama.messages import LENGTH, Cancel, Complete, Completed, Load, Loaded, Reading, Refused, Reply, Request, framed
from netassist.llama.prefix import Store, ready


class Worker:
    """Handles one request after the other; `cancel` may be called meanwhile, from another thread."""

    def __init__(self, tell: Callable[[Reply], None] = lambda _: None) -> None:
        self._tell = tell
        self._engine: LlamaEngine | None = None
        self._store: Store | None = None
        self._current = -1
        self._cancelled: set[int] = set()

    def cancel(self, number: int) -> None:
        self._cancelled.add(number)

    def handle(self, request: Load | Complete) -> Reply:
        self._current = request.id
        try:
            return self._loaded(request) if isinstance(request, Load) else self._completed(request)
        except NotAModel as error:
            return Refused(request.id, "model", str(error))
        except decode.TooLong as error:
            return Refused(request.id, "too_long", str(error), error.tokens, error.room)
        except decode.Cancelled:
            return Refused(request.id, "cancelled", "cancelled")
        except (decode.Stuck, ValueError) as error:
            return Refused(request.id, "grammar", str(error))
        except (RuntimeError, OSError, MemoryError, ImportError) as error:
            return Refused(request.id, "engine", f"{type(error).__name__}: {error}")
        finally:
            self._cancelled.discard(request.id)

    def _is_cancelled(self) -> bool:
        return self._current in self._cancelled

    def _loaded(self, request: Load) -> Loaded:
        self._engine = engine = LlamaEngine(request, self._is_cancelled)
        self._store = Store(Path(request.prefixes), request.most_kept) if request.prefixes is not None else None
        notation = engine.metadata("netassist.notation")
        return Loaded(
            request.id,
            engine.description,
            engine.parameters,
            engine.room,
            engine.threads,
            int(notation) if notation else None,
            engine.chat(),
        )

    def _completed(self, request: Complete) -> Completed:
        if self._engine is None:
            raise RuntimeError("no model is loaded")
        engine = self._engine
        parts = [engine.tokenize(part.text, part.ours, first=not place) for place, part in enumerate(request.prompt)]
        prompt = [token for part in parts for token in part]
        head = [token for part in parts[: request.head] for token in part]
        most = engine.room - request.most_tokens - request.reserve
        if len(prompt) > most:
            raise decode.TooLong(len(prompt), most)
        state = start(request.grammar)
        if self._is_cancelled():
            raise decode.Cancelled
        came = ready(engine, head, self._store, lambda done, total: self._tell(Reading(request.id, done, total)))
        done = decode.decode(engine, prompt, state, request.most_tokens, request.sampling, self._is_cancelled)
        return Completed(
            request.id, done.text, done.whole, len(prompt), came.computed + done.evaluated, done.sampled, done.margin,
            came.computed, came.came,
        )  # fmt: skip


def _listen(source: int, worker: Worker, requests: queue.SimpleQueue[Load | Complete]) -> None:
    """Read requests until the other side is gone, and then end the process, whatever it is doing."""
    decoder = msgspec.msgpack.Decoder(Request)
    with open(source, "rb") as stream:
        while len(head := stream.read(LENGTH.size)) == LENGTH.size:
            body = stream.read(LENGTH.unpack(head)[0])
            try:
                request = decoder.decode(body)
            except msgspec.DecodeError:
                break
            if isinstance(request, Cancel):
                worker.cancel(request.id)
            else:
                requests.put(request)
    os._exit(0)


def main() -> None:
    replies = os.dup(1)
    # Whatever a library prints must not end up between the replies.
    os.dup2(2, 1)
    out = open(replies, "wb")  # noqa: SIM115 - open as long as the process lives

    def say(reply: Reply) -> None:
        out.write(framed(reply))
        out.flush()

    worker = Worker(say)
    requests: queue.SimpleQueue[Load | Complete] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(0, worker, requests), daemon=True).start()
    while True:
        say(worker.handle(requests.get()))


if __name__ == "__main__":
    main()
