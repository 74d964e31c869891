"""A local model of 8B shape: time from a request to its whole call, against llama-cpp-python's ``create_chat_completion``.

    python -m benchmarks.gguf_speed              # builds a file of 4.7 GB, measures, deletes it; half an hour on two idle cores
    python -m benchmarks.gguf_speed --layers 3   # the same on a file of 1.1 GB, in two minutes
    python -m benchmarks.gguf_speed --decoding   # what the grammar costs a token, on three layers and 128,256 tokens

Both sides get the same file, tools, prompt and threads, and decide the same: which of two hosts, and whether to count to three.
The tool itself is given, because what made-up weights would choose means nothing.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from time import perf_counter
from typing import NamedTuple

import msgspec

from benchmarks.gguf_shape import EIGHT_B, written
from benchmarks.table import table
from benchmarks.timing import shown
from netassist.backends.available_tools import prompt
from netassist.llama.calls import calls_grammar
from netassist.llama.client import Client
from netassist.llama.engine import LlamaEngine
from netassist.llama.grammar import Choice, Literal, Node, Subset, Text
from netassist.llama.grammar import Sequence as InOrder
from netassist.llama.messages import Load
from netassist.toolbox import Tool, built_in, function_doc

HOSTS = ("192.0.2.1", "198.51.100.7")
REQUESTS = (
    "is 192.0.2.1 or 198.51.100.7 up? ping it three times",
    "and once more: 198.51.100.7 or 192.0.2.1, three pings please",
)
TOOLS = list(built_in().values())
GOAL, GOAL_DECODING = 12.0, 1.15
DECODED = 40
"""Tokens of one round of the comparison of decoding."""


class Run(NamedTuple):
    """Seconds; tokens of the prompt, computed ones of prompt and answer, written ones that were sampled; peak memory in MiB."""

    what: str
    load: float
    seconds: float
    prompt: int
    computed: int
    sampled: int
    memory: int


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--layers", type=int, default=EIGHT_B.layers)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--model", type=Path, help="a file that is there already")
    parser.add_argument("--decoding", action="store_true", help="compare decoding with and without a grammar, nothing else")
    parser.add_argument("--side", choices=["peer"], help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.side == "peer":
        peer(given.model, given.threads)
    else:
        compared(given.model, given.threads, given.layers, given.decoding)


def compared(file: Path | None, threads: int, layers: int, only_decoding: bool) -> None:
    """Build the file where none is given, measure, print."""
    with tempfile.TemporaryDirectory(prefix="netassist-gguf-") as folder:
        began = perf_counter()
        model = file or written(Path(folder) / "model.gguf", EIGHT_B._replace(layers=3 if only_decoding else layers))
        print(f"{model.stat().st_size / 1e9:.2f} GB, there after {shown(perf_counter() - began)}", flush=True)
        if only_decoding:
            decoding(model, threads)
            return
        ours = list(our_runs(model, Path(folder) / "heads", threads))
        peers = msgspec.json.decode(as_peer(model, threads), type=list[Run])
    names = ("", "load", "request to whole call", "prompt", "computed", "sampled", "peak memory")
    rows = [
        (r.what, shown(r.load), shown(r.seconds), r.prompt, r.computed, r.sampled, f"{r.memory:,} MiB") for r in (*ours, *peers)
    ]
    print(table(names, rows))
    cold, warm = ours[0].seconds, ours[1].seconds
    print(f"warm: {peers[0].seconds / warm:.1f} times as fast as the peer's first (goal {GOAL:g})")
    print(f"cold: {peers[0].seconds / cold:.2f} times as fast (goal 1, no slower)")
    print(f"next turn: {peers[1].seconds / ours[2].seconds:.2f} times as fast as the peer's next, whose prefix is in memory too")


def our_runs(model: Path, heads: Path, threads: int) -> Iterator[Run]:
    """Cold; a new process with the state on disk; the next request in it."""
    yield from asyncio.run(_ours(model, heads, threads, [("ours, nothing kept", REQUESTS[0])]))
    again = [("ours, new process, state on disk", REQUESTS[0]), ("ours, next request in it", REQUESTS[1])]
    yield from asyncio.run(_ours(model, heads, threads, again))


async def _ours(model: Path, heads: Path, threads: int, requests: Sequence[tuple[str, str]]) -> list[Run]:
    client = Client(model, threads=threads, prefixes=heads)
    runs: list[Run] = []
    try:
        began = perf_counter()
        await client.loaded()
        load = perf_counter() - began
        for what, request in requests:
            began = perf_counter()
            asked = prompt(request, (), TOOLS)
            head = next(n for n, part in enumerate(asked) if part.text == request)
            done = await client.complete(asked, grammar(), 100, head=head)
            seconds = perf_counter() - began
            assert done.whole
            if runs or what.endswith("disk"):
                assert done.head == 0, "the head was computed again"
            runs.append(Run(what, load, seconds, done.prompt, done.evaluated, done.sampled, _peak(client.pid)))
    finally:
        await client.close()
    return runs


def grammar() -> Node:
    """``ping`` of one of the hosts, with or without a count of three."""
    host = InOrder((Literal("host="), Choice(tuple(Literal(json.dumps(host)) for host in HOSTS))))
    arguments = Subset((host, Literal("count=3")), (True, False), Literal(", "))
    return InOrder((Literal("<TOOLCALL>[ping("), arguments, Literal(")]</TOOLCALL>")))


def as_peer(model: Path, threads: int) -> str:
    command = [sys.executable, "-m", "benchmarks.gguf_speed", "--side", "peer", "--model", str(model), "--threads", str(threads)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout.splitlines()[-1]


def peer(model: Path, threads: int) -> None:
    """llama-cpp-python, in a process of its own: its first request, and the next."""
    import llama_cpp

    began = perf_counter()
    llama = llama_cpp.Llama(str(model), n_ctx=8192, n_batch=512, n_threads=threads, n_threads_batch=threads, verbose=False)
    load = perf_counter() - began
    offered = [{"type": "function", "function": _offered(tool)} for tool in TOOLS]
    rows: list[Run] = []
    for what, request in zip(("llama-cpp-python, first request", "llama-cpp-python, next request"), REQUESTS, strict=True):
        llama_cpp.llama_perf_context_reset(llama.ctx)
        began = perf_counter()
        done = llama.create_chat_completion(
            [{"role": "system", "content": "detailed thinking off"}, {"role": "user", "content": request}],
            tools=offered, tool_choice={"type": "function", "function": {"name": "ping"}}, max_tokens=100, temperature=0.0,
        )  # fmt: skip
        seconds = perf_counter() - began
        json.loads(done["choices"][0]["message"]["tool_calls"][0]["function"]["arguments"])
        count, usage = llama_cpp.llama_perf_context(llama.ctx), done["usage"]
        rows.append(
            Run(
                what,
                load,
                seconds,
                usage["prompt_tokens"],
                count.n_p_eval + count.n_eval,
                usage["completion_tokens"],
                _peak(None),
            )
        )
    print("\n" + json.dumps(rows))


def _offered(tool: Tool) -> dict[str, object]:
    """A tool as OpenAI's API has it; `ping` with the arguments that are to be decided between."""
    given = function_doc(tool)
    admitted = {"host": {"type": "string", "enum": list(HOSTS)}, "count": {"type": "integer", "enum": [3]}}
    parameters = {"type": "object", "properties": admitted, "required": ["host"]}
    return {**given, "parameters": parameters} if tool.name == "ping" else given


def _peak(pid: int | None) -> int:
    status = Path(f"/proc/{pid or 'self'}/status").read_text()
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM"))) // 1024


def decoding(model: Path, threads: int, rounds: int = 5) -> None:
    """What a token costs without a grammar (llama.cpp's own greedy sampler) and under two: an answer in free text, and calls."""
    from netassist.llama.decode import decode
    from netassist.llama.matching import start

    engine = LlamaEngine(Load(str(model), 2048, threads), lambda: False)
    begun = engine.tokenize("is 192.0.2.1 up?", ours=False)
    best: dict[str, float] = {}
    open_answer = Text(most=4000, least=4000, forbidden="<")
    calls = calls_grammar(TOOLS, lambda tool, name: ['"192.0.2.1"', '"db1.example.org"', '"10.0.0.7"'], ())
    for _ in range(rounds):
        engine.extend(begun[engine.begin(begun) :])
        taken = {"without": _greedy(engine, DECODED)}
        for name, node in (("an answer in free text", open_answer), ("calls", calls)):
            engine.extend(begun[engine.begin(begun) :])
            began = perf_counter()
            done = decode(engine, begun, start(node), DECODED)
            taken[name] = (perf_counter() - began) / done.evaluated
        best = {name: min(seconds, best.get(name, seconds)) for name, seconds in taken.items()}
    plain = best["without"]
    print(f"goal {GOAL_DECODING:g}, the least of {rounds} rounds of {DECODED} tokens")
    print(table(("decoding", "a token", "of plain"), [(n, f"{s * 1e3:.2f} ms", f"{s / plain:.3f}") for n, s in best.items()]))


def _greedy(engine: LlamaEngine, tokens: int) -> float:
    """Seconds a token of llama.cpp's own greedy sampler."""
    lib, context = engine._lib, engine._context
    sampler = lib.llama_sampler_init_greedy()
    began = perf_counter()
    for _ in range(tokens):
        engine.extend([lib.llama_sampler_sample(sampler, context, -1)])
    return (perf_counter() - began) / tokens


if __name__ == "__main__":
    main()
