"""Train the built-in model from nothing, on CPU.

    python -m netassist.nano.train RUN_FOLDER [--minutes 40] [--held-out 0.05] [--start-from MODEL.gguf]

Writes tokenizer.json, checkpoint.pt (every few minutes; a run that finds one goes on from it) and log.jsonl.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import torch
from tokenizers import Tokenizer
from torch.nn import functional

from netassist.nano.dialogues import dialogues
from netassist.nano.generate import Sample, Source, within_limits
from netassist.nano.model import Model, Shape
from netassist.nano.notation import ASSISTANT, CALLS_CLOSE, CALLS_OPEN, END, NEXT_CALL, NO_CALL, USER, tool_list
from netassist.nano.resume import SEED, grown, vocabulary
from netassist.nano.vocabulary import padded_size, trained
from netassist.toolbox import Tool, built_in

BATCH_TOKENS = 3072
"""Of a batch, without the tools that all of its samples begin with."""
FEWER_TOOLS, SAMPLES_ON_FEWER = 8, 48
"""Beside so many batches there is one with some of the tools only, and so many samples it has."""
PEAK_RATE, WARM_STEPS = 2e-3, 200
AVERAGING = 0.99
CHECKPOINT_SECONDS = 180
LATE = 0.87
"""Share of a run after which its checkpoints are averaged, to be exported (Izmailov et al. 2018)."""
WEIGHING_SECONDS = 3600
PIECES = 0.1
"""Share of a request's merges that are left out (BPE-dropout, Provilkov et al. 2020): each word is met in many pieces."""
READING = 0.1
"""Weight of a request's own tokens in the loss, beside those of its calls."""
LEAST_WEIGHT, MOST_WEIGHT = 0.15, 1.5
"""A dialogue is drawn in proportion to the loss of what has to be written for it, within these: seldom where it is
learned, and not for ever where it may be labelled wrongly."""
READ, WRITTEN = 1, 2
Hidden = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
Row = tuple[list[int], list[int]]
_HAS_BFLOAT16 = torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()


class Batch(NamedTuple):
    """Samples of like length, with the tools that are on offer to all of them.

    `head` (its length) holds the tokens of the tools, `tokens` (samples, length) what follows; `kinds` of the same shape are
    WRITTEN, READ or 0.
    """

    head: torch.Tensor
    tokens: torch.Tensor
    kinds: torch.Tensor


def tokens_and_kinds(sample: Sample, offered: Sequence[Tool], tokenizer: Tokenizer, reader: Tokenizer) -> Row:
    """Token numbers of a sample; and of each, WRITTEN where it belongs to an answer, READ where to a request, else 0.

    `reader` cuts requests into pieces. What would need a tool that is not on offer needs no call.
    """
    names = {tool.name for tool in offered}
    ids: list[int] = []
    kinds: list[int] = []
    for text, wrote in sample:
        written = wrote if all(call.split("(")[0] in names for call in _called(wrote)) else NO_CALL
        read = reader.encode(USER + text + ASSISTANT).ids
        out = tokenizer.encode(written + END).ids
        ids += [*read, *out]
        kinds += [0] + [READ] * (len(read) - 1) + [WRITTEN] * len(out)
    return ids, kinds


def _called(wrote: str) -> list[str]:
    return wrote[len(CALLS_OPEN) : -len(CALLS_CLOSE)].split(NEXT_CALL) if wrote.startswith(CALLS_OPEN) else []


def batches(source: Source, tokenizer: Tokenizer, context: int, seed: int) -> Iterator[Batch]:
    """Batches of about BATCH_TOKENS; beside each FEWER_TOOLS of them there is one with only some tools on offer."""
    chance = random.Random(seed)
    reader = Tokenizer.from_str(tokenizer.to_str())
    reader.model.dropout = PIECES
    stream, every = filter(within_limits, source), list(built_in().values())

    def drawn(samples: int, offered: Sequence[Tool]) -> Iterator[Batch]:
        rows = [tokens_and_kinds(sample, offered, tokenizer, reader) for sample in islice(stream, samples)]
        longest = context - len(offered) - 2
        for group in _alike([row for row in rows if len(row[0]) <= longest], BATCH_TOKENS):
            yield batch(group, offered, tokenizer)

    while True:
        made = list(drawn(2048, every))
        for _ in range(len(made) // FEWER_TOOLS):
            some = sorted(chance.sample(every, chance.randint(8, len(every) - 1)), key=lambda tool: tool.name)
            made += drawn(SAMPLES_ON_FEWER, some)
        chance.shuffle(made)
        yield from made


def _alike(rows: Sequence[Row], most: int) -> Iterator[list[Row]]:
    """The rows in groups of like length, each of at most so many tokens."""
    group: list[Row] = []
    for row in sorted(rows, key=lambda row: len(row[0])):
        if group and (len(group) + 1) * len(row[0]) > most:
            yield group
            group = []
        group.append(row)
    if group:
        yield group


def batch(rows: Sequence[Row], offered: Sequence[Tool], tokenizer: Tokenizer) -> Batch:
    length = max(len(ids) for ids, _ in rows)
    return Batch(
        torch.tensor(tokenizer.encode(tool_list(offered)).ids),
        torch.tensor([ids + [0] * (length - len(ids)) for ids, _ in rows]),
        torch.tensor([kinds + [0] * (length - len(kinds)) for _, kinds in rows]),
    )


def losses_of(model: Model, hidden_of: Hidden, batch: Batch, mask: torch.Tensor) -> torch.Tensor:
    """The loss of each token of the mask, in its order; nats."""
    # Where the processor has no instructions for it, bfloat16 takes ten times as long as 32 bits.
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=_HAS_BFLOAT16):
        hidden = hidden_of(batch.head, batch.tokens[:, :-1])[mask[:, 1:]]
        logits = model.logits(hidden)
    return functional.cross_entropy(logits.float(), batch.tokens[:, 1:][mask[:, 1:]], reduction="none")


def weights_of(model: Model, samples: Sequence[Sample], tokenizer: Tokenizer) -> list[float]:
    """How often each sample deserves to be drawn: the more, the worse the model is at it."""
    model.eval()
    every = list(built_in().values())
    rows = [tokens_and_kinds(sample, every, tokenizer, tokenizer) for sample in samples]
    places = sorted(range(len(rows)), key=lambda place: len(rows[place][0]))
    found = [0.0] * len(rows)
    for some in (places[at : at + 64] for at in range(0, len(places), 64)):
        one = batch([rows[place] for place in some], every, tokenizer)
        mask = one.kinds == WRITTEN
        with torch.no_grad():
            losses = losses_of(model, model.hidden, one, mask)
        for place, loss in zip(some, losses.split(mask[:, 1:].sum(1).tolist()), strict=True):
            found[place] = min(MOST_WEIGHT, max(LEAST_WEIGHT, loss.sum().item()))
    model.train()
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--minutes", type=float, default=40)
    parser.add_argument("--held-out", type=float, default=0.0, help="share of the dialogues to keep out and to measure loss on")
    parser.add_argument("--generated", type=float, default=0.4, help="share of samples that are generated from phrases.toml")
    parser.add_argument("--layers", type=int, default=4)
    parser.add_argument("--feed-forward", type=int, default=768)
    parser.add_argument("--start-from", type=Path, help="an exported model to go on from; it may get more layers")
    parser.add_argument("--peak-rate", type=float, default=PEAK_RATE)
    parser.add_argument("--unweighed", type=float, default=0.0, help="minutes in which all dialogues are drawn alike")
    parser.add_argument("--dropout", type=float, default=0.0)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    options.run.mkdir(parents=True, exist_ok=True)

    seeds = list(dialogues())
    random.Random(0).shuffle(seeds)
    kept_out = seeds[: int(len(seeds) * options.held_out)]
    source = Source(seeds[len(kept_out) :], options.seed, options.generated)
    vocabulary_file, checkpoint = options.run / "tokenizer.json", options.run / "checkpoint.pt"
    if vocabulary_file.exists():
        tokenizer = Tokenizer.from_file(str(vocabulary_file))
    elif options.start_from:
        tokenizer = vocabulary(options.start_from)
        tokenizer.save(str(vocabulary_file))
    else:
        tokenizer = trained(text for sample in islice(iter(source), 40_000) for text, _ in sample)
        tokenizer.save(str(vocabulary_file))
    shape = Shape(padded_size(tokenizer), layers=options.layers, feed_forward=options.feed_forward, dropout=options.dropout)
    model = grown(options.start_from, shape) if options.start_from else Model(shape)
    average = {name: value.clone() for name, value in model.state_dict().items()}
    decayed = [p for p in model.parameters() if p.dim() > 1]
    plain = [p for p in model.parameters() if p.dim() == 1]
    optimizer = torch.optim.AdamW(
        [{"params": decayed, "weight_decay": 0.05}, {"params": plain, "weight_decay": 0.0}],
        lr=options.peak_rate,
        betas=(0.9, 0.98),
        fused=True,
    )
    step, spent = 0, 0.0
    late, checkpoints = {name: torch.zeros_like(value) for name, value in average.items()}, 0
    if checkpoint.exists():
        state = torch.load(checkpoint, weights_only=True)
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        average, step, spent, late, checkpoints = (state[name] for name in ("average", "step", "seconds", "late", "checkpoints"))
    _say(f"{_millions(model):.2f} M parameters, {len(seeds)} dialogues, {tokenizer.get_vocab_size()} tokens")

    hidden_of = torch.compile(model.hidden, dynamic=True)  # a minute once, and then 1.6 times as fast
    whole, seen, recent, saved, weighed = options.minutes * 60, 0, 0.0, time.monotonic(), -math.inf
    started = time.monotonic()
    began = started - spent
    for one in batches(source, tokenizer, shape.context, options.seed + step):
        spent = time.monotonic() - began
        done = min(1.0, spent / whole)
        for group in optimizer.param_groups:
            falling = 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * done))
            group["lr"] = options.peak_rate * min(1.0, (step + 1) / WARM_STEPS) * falling
        if spent - weighed > WEIGHING_SECONDS and spent > options.unweighed * 60:
            weights = weights_of(model, source.samples, tokenizer)
            source.weigh(weights)
            weighed = spent
            _say(f"{sum(weight > LEAST_WEIGHT for weight in weights):,} of {len(weights):,} dialogues are not learned yet")
        kinds = one.kinds[:, 1:]
        losses, written = losses_of(model, hidden_of, one, one.kinds > 0), kinds[kinds > 0] == WRITTEN
        loss = losses[written].mean()
        optimizer.zero_grad()
        (loss + READING * losses[~written].mean()).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        step, seen, recent = step + 1, seen + one.tokens.numel(), recent + loss.item()
        decay = min(AVERAGING, (step + 1) / (step + 10))
        with torch.no_grad():
            for name, value in model.state_dict().items():
                average[name].lerp_(value, 1 - decay)
        if step % 100 == 0:
            row = {
                "step": step,
                "minutes": round(spent / 60, 2),
                "loss": round(recent / 100, 4),
                "tokens_s": round(seen / (time.monotonic() - began)),
            }
            recent = 0.0
            with (options.run / "log.jsonl").open("a", encoding="utf-8") as log:
                log.write(json.dumps(row) + "\n")
            _say(json.dumps(row))
        if done >= 1 or time.monotonic() - saved > CHECKPOINT_SECONDS:
            saved = time.monotonic()
            if done > LATE:
                checkpoints += 1
                for name, value in average.items():
                    late[name].lerp_(value, 1 / checkpoints)
            part = options.run / "checkpoint.part"
            torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict(), "average": average, "step": step,
                        "seconds": spent, "shape": tuple(shape), "late": late, "checkpoints": checkpoints}, part)  # fmt: skip
            part.replace(checkpoint)
        if done >= 1:
            break


def _millions(model: Model) -> float:
    return float(sum(parameter.numel() for parameter in model.parameters())) / 1e6


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")


if __name__ == "__main__":
    main()
