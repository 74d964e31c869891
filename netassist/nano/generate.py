"""Training samples without end: seed dialogues, multiplied, and generated requests.

A sample is a list of rows (what the model reads, what it has to write), in the notation of `netassist.nano.notation`. Every
change below keeps the pair true: what is done to the request is done to the calls.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from itertools import accumulate

from netassist.nano.dialogues import Dialogue
from netassist.nano.notation import (
    CALLS_CLOSE,
    CALLS_OPEN,
    CLARIFY,
    LIMITS,
    NEXT_CALL,
    NO_CALL,
    Talk,
    plain,
    write,
)  # fmt: skip
from netassist.nano.wordings import REFUSED, SAY, Wording, wordings

Row = tuple[str, str]
Sample = list[Row]

_POINTER = re.compile(r"⟨([A-Z])(\d*)⟩")
_HOST = re.compile(r"⟨[HWU]\d+⟩")
_LETTERS = "abcdefghijklmnopqrstuvwxyz"


class Pool:
    """Some of the seed samples, by their places; each is drawn as often as its weight says."""

    def __init__(self, samples: Sequence[Sample], places: Sequence[int]) -> None:
        self.samples, self.places = samples, places
        self.weigh([1.0] * len(samples))

    def weigh(self, weights: Sequence[float]) -> None:
        """`weights` are those of all samples."""
        self.sums = list(accumulate(weights[place] for place in self.places))

    def draw(self, r: random.Random) -> Sample:
        return self.samples[r.choices(self.places, cum_weights=self.sums)[0]]


class Source:
    """Samples drawn from seed dialogues and wordings with a seeded random number generator."""

    def __init__(self, seeds: Sequence[Dialogue], seed: int, generated: float = 0.4) -> None:
        self.random = random.Random(seed)
        self.generated = generated
        self.samples = [sample for dialogue in seeds if (sample := converted(dialogue))]
        every = range(len(self.samples))
        singles = [i for i in every if len(self.samples[i]) == 1]
        calls = [i for i in singles if self.samples[i][0][1].startswith(CALLS_OPEN)]
        self.all = Pool(self.samples, every)
        self.singles = Pool(self.samples, singles)
        self.calls = Pool(self.samples, calls)
        self.refusals = Pool(self.samples, [i for i in singles if self.samples[i][0][1] == NO_CALL])
        self.clear = Pool(self.samples, [i for i in calls if _one_host(self.samples[i][0])])
        self.wordings = wordings()
        self.nouns = [wording for wording in self.wordings if wording.things]

    def weigh(self, weights: Sequence[float]) -> None:
        """How often each of `samples` is drawn from now on, in proportion."""
        for pool in (self.all, self.singles, self.calls, self.refusals, self.clear):
            pool.weigh(weights)

    def __iter__(self) -> Iterator[Sample]:
        while True:
            sample = self._generated() if self.random.random() < self.generated else self._multiplied()
            if sample:
                yield self._finished(sample)

    def _multiplied(self) -> Sample:
        r, draw = self.random, self.random.random()
        if draw < 0.65:
            return list(self.all.draw(r))
        if draw < 0.73:
            joined = self._joined(self.calls.draw(r), self.calls.draw(r))
            return self._joined(joined, self.calls.draw(r)) if r.random() < 0.25 else joined
        if draw < 0.77:
            return self._joined(self.refusals.draw(r), self.calls.draw(r), (". ", ". ", "\n", "! ", " - ", "\n\n"))
        if draw < 0.83:
            return self._listed(self.clear.draw(r))
        if draw < 0.89:
            return _chained(self.singles.draw(r), self.all.draw(r), r.random() < 0.5)
        if draw < 0.95:
            return self._followed(self.clear.draw(r))
        return self._vague(self.clear.draw(r))

    def _generated(self) -> Sample:
        r, draw = self.random, self.random.random()
        if draw < 0.30:
            return [self._framed(*self._request(r.choice(self.wordings), 1))]
        if draw < 0.42:
            return [self._several_things()]
        if draw < 0.47:
            return [self._several_records()]
        if draw < 0.62:
            parts = [self._request(r.choice(self.wordings), i) for i in range(1, r.choice((2, 2, 3)) + 1)]
            text = r.choice(SAY["then"]).join(text for text, _ in parts)
            return [self._framed(text, _calls([call for _, called in parts for call in _split(called)]))]
        if draw < 0.71:
            return [self._negated()]
        if draw < 0.80:
            return [self._refused()]
        if draw < 0.86:
            return [self._quoted()]
        if draw < 0.90:
            wording = r.choice(self.wordings)
            text = r.choice(SAY["if"]).format(o=r.choice(wording.orders).format(**wording.slots(1, r)))
            return [(text, NO_CALL)]
        first, second = self._request(r.choice(self.wordings), 1), r.choice(self.nouns)
        slots = second.slots(2, r) | {"h": "⟨H1⟩"}
        if "⟨H1⟩" not in first[0] or not second.of_host:
            return []
        its = r.choice(
            ("and its {t}", "now {t}", "{t} too", "what about {t}?", "and {t}?", "also {t} please", "then {t}", "next {t}")
        )
        thing = re.sub(r"^(?:the|a|an) ", r.choice(("its ", "the ", "")), r.choice(second.things)).format(**slots)
        return [first, (its.format(t=thing), _calls([second.call(slots)]))]

    def _request(self, wording: Wording, number: int) -> Row:
        """One wording as a request of its own, with the call that it asks for."""
        r = self.random
        slots = wording.slots(number, r)
        if wording.things and r.random() < 0.35:
            of = r.choice((" of ", " for ", " on ", " at ", " - ", ": "))
            text = f"{r.choice(SAY['ask'])} {r.choice(wording.things)}{of}{slots['h']}".replace("{n}", slots["n"]).replace(
                "{d}", slots["d"]
            )
        else:
            text = r.choice(wording.orders).format(**slots)
        return text, _calls([wording.call(slots)])

    def _framed(self, text: str, wrote: str) -> Row:
        """The request as people embed it: courtesy, reasons, sentences that ask for nothing."""
        r = self.random
        if r.random() < 0.55:
            return text, wrote
        before, after = r.choice(SAY["before"]), r.choice(SAY["after"])
        kind = r.randrange(3)
        return (f"{before}{text}" if kind == 0 else f"{text}{after}" if kind == 1 else f"{before}{text}{after}"), wrote

    def _several_things(self) -> Row:
        r = self.random
        nouns = [wording for wording in self.nouns if wording.of_host]
        hosts = ["⟨H1⟩"] if r.random() < 0.7 else ["⟨H1⟩", "⟨H2⟩"]
        parts = r.sample(nouns, r.choice((2, 2, 3, 3, 4)) if len(hosts) == 1 else 2)
        named = [(w, w.slots(i if i < 4 else 1, r)) for i, w in enumerate(parts, 1)]
        things = _listing([r.choice(w.things).format(**slots) for w, slots in named], r)
        target = r.choice((" and ", ", ", " & ")).join(hosts)
        ask = r.choice(SAY["ask"])
        shapes = (
            f"{ask} {things} of {target}",
            f"{target}: {things}",
            f"for {target} {ask} {things}",
            f"{things} for {target} please",
        )
        text = r.choice(shapes)
        return text, _calls([w.call(slots | {"h": h}) for h in hosts for w, slots in named])

    def _several_records(self) -> Row:
        """Record types by their names: the same tool more than once for one name."""
        r = self.random
        kinds = r.sample(("A", "AAAA", "MX", "TXT", "NS", "SOA", "CAA", "CNAME", "TLSA"), r.choice((2, 2, 3, 4)))
        said = _listing([kind.lower() for kind in kinds], r)
        shape = r.choice(SAY["records"]).format(h="⟨H1⟩", k=said)
        return shape, _calls([f'dns_lookup(name=⟨H1⟩, record_type="{kind}"' for kind in kinds])

    def _refused(self) -> Row:
        """What no tool does, alone or beside a request that one does."""
        r = self.random
        slots = {"h": "⟨H1⟩", "n": "⟨N1⟩"}
        text = plain(r.choice(REFUSED["orders"])).format(**slots)
        if r.random() < 0.75:
            return self._framed(text, NO_CALL)
        ask, call = self._request(r.choice(self.wordings), 2)
        return (f"{text}{r.choice(SAY['then'])}{ask}" if r.random() < 0.5 else f"{ask}{r.choice(SAY['then'])}{text}"), call

    def _quoted(self) -> Row:
        """An order in a quotation is nobody's order."""
        r = self.random
        order, _ = self._request(r.choice(self.wordings), 1)
        if r.random() < 0.25:
            return r.choice(REFUSED["about"]).format(o=order), NO_CALL
        quotation = r.choice(REFUSED["quoted"]).format(o=order) + r.choice(REFUSED["ignored"])
        if r.random() < 0.35:
            return quotation, NO_CALL
        ask, call = self._request(r.choice(self.wordings), 2)
        return (f"{quotation} {ask}" if r.random() < 0.7 else f"{ask}. {quotation}"), call

    def _negated(self) -> Row:
        r = self.random
        wanted, unwanted = r.choice(self.wordings), r.choice(self.wordings)
        if unwanted.tool == wanted.tool:
            return self._negated()
        ask, call = self._request(wanted, 1)
        same = r.random() < 0.6
        slots = unwanted.slots(2, r) | ({"h": "it"} if same else {})
        thing = r.choice(unwanted.things or ["that"]).format(**slots)
        no = r.choice(SAY["not"]).format(o=r.choice(unwanted.orders).format(**slots), t=thing)
        glue = r.choice((", ", "; ", ". ", ", just ", " but ", ", only "))
        return (f"{ask}{glue}{no}" if r.random() < 0.5 or same else f"{no}{glue}{ask}"), call

    def _joined(self, first: Sample, second: Sample, glue: Sequence[str] = SAY["then"]) -> Sample:
        (a, wrote_a), (b, wrote_b) = first[0], _shifted(second, _highest(first))[0]
        return [(a.rstrip(".!? ") + self.random.choice(glue) + b, _calls([*_split(wrote_a), *_split(wrote_b)]))]

    def _listed(self, sample: Sample) -> Sample:
        """One request about one host becomes the same about several."""
        text, wrote = sample[0]
        host = _HOST.search(wrote)
        if host is None:
            return []
        taken = _highest(sample)
        hosts = [host.group(), *(f"⟨H{taken + i}⟩" for i in range(1, self.random.choice((1, 1, 2, 2, 3)) + 1))]
        shown = [
            h + (text.split(host.group(), 1)[1].split(" ")[0] if h.startswith("⟨W") and h == host.group() else "") for h in hosts
        ]
        old = shown[0]
        if old not in text:
            return []
        return [
            (text.replace(old, _listing(shown, self.random)), _calls([_split(wrote)[0].replace(host.group(), h) for h in hosts]))
        ]

    def _followed(self, sample: Sample) -> Sample:
        r = self.random
        wrote = sample[0][1]
        host = _HOST.search(wrote)
        if host is None:
            return []
        if r.random() < 0.2:
            return [*sample, (r.choice(SAY["again"]), wrote)]
        if r.random() < 0.15:
            return [*sample, (r.choice(SAY["thanks"]), NO_CALL)]
        other = f"⟨H{_highest(sample) + 1}⟩"
        return [*sample, (r.choice(SAY["same"]).format(h=other), wrote.replace(host.group(), other))]

    def _vague(self, sample: Sample) -> Sample:
        """A request whose target is gone asks back; the answer names it."""
        text, wrote = sample[0]
        host = _HOST.search(wrote)
        if host is None or "⟨W" in text or len(_POINTER.findall(text)) > 2 or "⟨U" in text:
            return []
        vague = text.replace(host.group(), self.random.choice(SAY["vague"]))
        rows: Sample = [(vague, CLARIFY)]
        if self.random.random() < 0.6:
            rows.append((self.random.choice(SAY["target"]).format(h=host.group()), wrote))
        return rows

    def _finished(self, sample: Sample) -> Sample:
        r = self.random
        if r.random() < 0.5:
            sample = _renumbered(sample, r)
        if r.random() < 0.25:
            sample = self._renamed(sample)
        if r.random() < 0.2:
            rate = r.choice((0.03, 0.06, 0.12))
            sample = [(_mistyped(text, rate, r), wrote) for text, wrote in sample]
        if r.random() < 0.1:
            sample = [(re.sub(r"[.,!?;:]+(?=\s|$)", "", text), wrote) for text, wrote in sample]
        return sample

    def _renamed(self, sample: Sample) -> Sample:
        """A host name becomes a single-label name that keeps its text, or a URL."""
        hosts = sorted({p for row in sample for p in re.findall(r"⟨H\d+⟩", row[0])})
        if not hosts:
            return sample
        host, r = self.random.choice(hosts), self.random
        letter = "W" if r.random() < 0.6 else "U"
        taken = {int(n) for row in sample for n in re.findall(rf"⟨{letter}(\d+)⟩", row[0])}
        free = [n for n in range(1, LIMITS[letter] + 1) if n not in taken]
        if not free:
            return sample
        new = f"⟨{letter}{free[0]}⟩"
        shown = new + (
            r.choice(SAY["machine"]).format(n=f"{r.randint(1, 30):02d}" if r.random() < 0.5 else r.randint(1, 99))
            if letter == "W"
            else ""
        )
        return [(text.replace(host, shown), wrote.replace(host, new)) for text, wrote in sample]


def converted(dialogue: Dialogue) -> Sample:
    """A seed dialogue in the model's notation; empty where something in its calls is not named in it."""
    talk = Talk()
    try:
        return [(talk.read(turn.user), write(turn.calls, turn.outcome, talk)) for turn in dialogue.turns]
    except ValueError:
        return []


def _calls(calls: Sequence[str]) -> str:
    unique = list(dict.fromkeys(calls))
    return CALLS_OPEN + NEXT_CALL.join(unique) + CALLS_CLOSE if unique else NO_CALL


def _split(wrote: str) -> list[str]:
    return wrote[len(CALLS_OPEN) : -len(CALLS_CLOSE)].split(NEXT_CALL) if wrote.startswith(CALLS_OPEN) else []


def _one_host(row: Row) -> bool:
    hosts = _HOST.findall(row[1])
    return len(hosts) == 1 and row[0].count(hosts[0]) == 1 and len(_split(row[1])) == 1


def _highest(sample: Sample) -> int:
    return max((int(n) for row in sample for _, n in _POINTER.findall(row[0]) if n), default=0)


def _shifted(sample: Sample, by: int) -> Sample:
    """The sample with its placeholders numbered from `by` on, so that it may stand beside another."""
    return [(_POINTER.sub(lambda m: _moved(m, by), a), _POINTER.sub(lambda m: _moved(m, by), b)) for a, b in sample]


def _moved(match: re.Match[str], by: int) -> str:
    return f"⟨{match[1]}{int(match[2]) + by}⟩" if match[2] else match.group()


def _chained(first: Sample, second: Sample, swap: bool) -> Sample:
    a, b = (second, first) if swap else (first, second)
    return [*a, *_shifted(b, _highest(a))]


def _listing(items: Sequence[str], r: random.Random) -> str:
    if r.random() < 0.15:
        return r.choice((" ", ", ", "\n- ")).join(items)
    last = r.choice(SAY["and"])
    return ", ".join(items[:-1]) + last + items[-1]


def _renumbered(sample: Sample, r: random.Random) -> Sample:
    """Other numbers for the placeholders, so that each of them is met as often as the first."""
    used: dict[str, list[str]] = {}
    for row in sample:
        for letter, digits in _POINTER.findall(row[0]):
            if digits and digits not in used.setdefault(letter, []):
                used[letter].append(digits)
    new: dict[str, str] = {}
    for letter, numbers in used.items():
        limit = max(LIMITS[letter], *(int(n) for n in numbers))
        start = r.randint(1, max(1, limit - max(int(n) for n in numbers) + 1)) - 1
        new |= {letter + n: f"⟨{letter}{int(n) + start}⟩" for n in numbers}

    def put(match: re.Match[str]) -> str:
        return new.get(match[1] + match[2], match.group())

    return [(_POINTER.sub(put, a), _POINTER.sub(put, b)) for a, b in sample]


def _mistyped(text: str, rate: float, r: random.Random) -> str:
    """Letters dropped, doubled, swapped or struck wrong, never inside a placeholder."""
    out = []
    for part in re.split(r"(⟨[A-Z]\d*⟩)", text):
        letters = list(part)
        if not part.startswith("⟨"):
            for i in range(len(letters) - 1):
                if letters[i].isalpha() and r.random() < rate:
                    kind = r.randrange(4)
                    if kind == 0:
                        letters[i] = ""
                    elif kind == 1:
                        letters[i] *= 2
                    elif kind == 2 and letters[i + 1].isalpha():
                        letters[i], letters[i + 1] = letters[i + 1], letters[i]
                    else:
                        letters[i] = r.choice(_LETTERS)
        out.append("".join(letters))
    return "".join(out)


def within_limits(sample: Sample) -> bool:
    """Whether every placeholder of the sample is in the vocabulary."""
    return all(not n or int(n) <= LIMITS.get(letter, 0) for row in sample for letter, n in _POINTER.findall(row[0] + row[1]))
