"""How many false facts in answers the checker finds, and on how many true answers it raises a false alarm.

    python -m benchmarks.checked_answers

The answers of tests/assistant/checked are about recorded reports. A falsified answer counts as found where a fact is marked that
overlaps what was changed; a true one as a false alarm where anything is marked in it.
"""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple, get_args

from netassist.assistant.checked import Fact, checked
from tests.assistant.checked.dataset import Split, Written, report, written


class Tally(NamedTuple):
    """Of one half: falsified answers and those found, by what is wrong; true answers, those with an alarm, and their facts."""

    falsified: Counter[str]
    found: Counter[str]
    true: int
    alarmed: tuple[str, ...]
    facts: int
    missed: tuple[str, ...]

    @property
    def detection(self) -> float:
        return self.found.total() / self.falsified.total()

    @property
    def alarms(self) -> float:
        return len(self.alarmed) / self.true


def marked(answer: Written) -> list[Fact]:
    """The facts of an answer that the reports do not bear out."""
    return [fact for fact in facts(answer) if fact.verdict != "supported"]


def facts(answer: Written) -> tuple[Fact, ...]:
    return checked(answer.text, [report(name) for name in answer.reports], answer.request).facts


def tally(split: Split) -> Tally:
    """What comes of one half of the answers."""
    answers = [answer for answer in written() if answer.split == split]
    true = [answer for answer in answers if answer.falsified is None]
    falsified: Counter[str] = Counter()
    found: Counter[str] = Counter()
    missed: list[str] = []
    for answer in answers:
        if answer.falsified is None or answer.wrong is None:
            continue
        start, end = answer.wrong
        hit = any(fact.start < end and fact.end > start for fact in marked(answer))
        falsified[answer.falsified] += 1
        found[answer.falsified] += hit
        missed += [] if hit else [answer.id]
    alarmed = tuple(answer.id for answer in true if marked(answer))
    return Tally(falsified, found, len(true), alarmed, sum(len(facts(answer)) for answer in true), tuple(missed))


def main() -> None:
    halves: dict[Split, Tally] = {split: tally(split) for split in get_args(Split)}
    kinds = sorted({kind for half in halves.values() for kind in half.falsified})
    print(f"{'what is wrong':<16}" + "".join(f"{split:>24}" for split in halves))
    for kind in kinds:
        print(f"{kind:<16}" + "".join(f"{_of(half.found[kind], half.falsified[kind]):>24}" for half in halves.values()))
    print(f"{'all':<16}" + "".join(f"{_of(half.found.total(), half.falsified.total()):>24}" for half in halves.values()))
    print(f"{'false alarms':<16}" + "".join(f"{_of(len(half.alarmed), half.true):>24}" for half in halves.values()))
    print(f"{'facts in true':<16}" + "".join(f"{half.facts:>24}" for half in halves.values()))
    for split, half in halves.items():
        print(f"\n{split}: not found {', '.join(half.missed) or 'none'}; alarms {', '.join(half.alarmed) or 'none'}")


def _of(part: int, whole: int) -> str:
    return f"{part} of {whole} ({part / whole:.0%})" if whole else "–"


if __name__ == "__main__":
    main()
