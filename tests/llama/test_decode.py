"""The decode loop, on an engine whose likes and dislikes the test sets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, SupportsIndex

import pytest

from netassist.llama.decode import FIRST_LOOK, Cancelled, Decoded, Stuck, TooLong, decode
from netassist.llama.grammar import Choice, Literal, Node, Text
from netassist.llama.grammar import Sequence as InOrder
from netassist.llama.matching import start
from netassist.llama.messages import Sampling
from netassist.llama.vocabulary import Vocabulary

ALPHABET = [chr(code) for code in range(0x20, 0x7F)]


class Wishing:
    """A model that likes each token as much as `wishes` says (0 where nothing is said), whatever came before."""

    def __init__(self, wishes: dict[str, float], words: Sequence[str] = (), room: int = 100) -> None:
        self.spelled = [*ALPHABET, *words, "<end>"]
        pieces = [*(word.encode() for word in self.spelled[:-1]), b""]
        self.vocabulary = Vocabulary(pieces, frozenset({len(self.spelled) - 1}))
        self.room = room
        self.wishes = wishes
        self.computed: list[int] = []

    def tokenize(self, text: str, ours: bool) -> list[int]:
        return [self.spelled.index(character) for character in text]

    def begin(self, tokens: Sequence[int]) -> int:
        return 0

    def extend(self, tokens: Sequence[int]) -> None:
        assert tokens
        self.computed += tokens

    def logits(self) -> Sequence[float]:
        return [self.wishes.get(word, 0.0) for word in self.spelled]

    def best(self, most: int) -> Sequence[int]:
        logits = self.logits()
        return sorted(range(len(logits)), key=lambda token: (-logits[token], token))[:most]


def written(engine: Wishing, grammar: Node, **options: object) -> Decoded:
    most = options.get("most", 50)
    sampling = options.get("sampling")
    assert isinstance(most, int)
    assert sampling is None or isinstance(sampling, Sampling)
    return decode(engine, [0, 1], start(grammar), most, sampling)


def test_the_best_admitted_token_is_taken() -> None:
    # Given a model that would say Z, and likes b better than a
    engine = Wishing({"Z": 9.0, "b": 3.0, "a": 1.0})
    # When only a and b are admitted
    done = written(engine, Choice((Literal("a"), Literal("b"))))
    # Then it says b, by two more than a
    assert done == Decoded("b", True, evaluated=2, sampled=1, margin=2.0)


def test_what_is_forced_is_not_asked() -> None:
    engine = Wishing({"2": 1.0})
    grammar = InOrder((Literal("ping("), Choice((Literal("1"), Literal("2"))), Literal(")")))
    done = written(engine, grammar)
    assert done.text == "ping(2)"
    assert done.sampled == 1
    # The prompt and the forced beginning in one batch; what is forced at the end is never computed.
    assert engine.computed == [0, 1, *engine.tokenize("ping(", True)]


def test_what_all_choices_begin_with_is_not_asked() -> None:
    # Given two hosts that part in their last letter
    engine = Wishing({"2": 1.0})
    hosts = Choice((Literal('"10.0.0.1"'), Literal('"10.0.0.2"')))
    done = written(engine, InOrder((Literal("host="), hosts)))
    # Then only that letter is chosen, after one batch for all before it
    assert (done.text, done.sampled) == ('host="10.0.0.2"', 1)
    assert engine.computed == [0, 1, *engine.tokenize('host="10.0.0.', True)]


def test_what_they_begin_with_is_spelled_as_the_whole_is() -> None:
    # Given a vocabulary that cuts behind the place where two names part
    class Cutting(Wishing):
        def tokenize(self, text: str, ours: bool) -> list[int]:
            return [self.spelled.index(word) for word in ({"dnsx": ["dn", "sx"], "dnsy": ["dn", "sy"]}.get(text) or text)]

    engine = Cutting({"sy": 1.0}, words=("dn", "sx", "sy"))
    done = written(engine, Choice((Literal("dnsx"), Literal("dnsy"))))
    # Then nothing is forced in the middle of a token
    assert (done.text, done.sampled) == ("dnsy", 1)
    assert engine.computed == [0, 1, engine.spelled.index("dn")]


def test_what_is_spelled_otherwise_than_it_is_written_is_not_forced() -> None:
    # Given a vocabulary that puts a space before every text
    class Spaced(Wishing):
        def tokenize(self, text: str, ours: bool) -> list[int]:
            return [self.spelled.index(character) for character in f" {text}"]

    engine = Spaced({"x": 1.0})
    done = written(engine, Choice((Literal("dnsx"), Literal("dnsy"))))
    # Then the model writes it token by token
    assert (done.text, done.sampled) == ("dnsx", 4)


def test_what_is_far_from_the_best_is_found() -> None:
    # Given a model with a hundred tokens that it likes better than the two that are admitted
    words = [f"word{number}" for number in range(100)]
    engine = Wishing({**dict.fromkeys(words, 5.0), "b": -1.0, "a": -2.0}, words=words)
    done = written(engine, Choice((Literal("a"), Literal("b"))))
    assert (done.text, done.margin) == ("b", 1.0)
    assert written(engine, InOrder((Text(most=2, least=1, forbidden="w"), Literal(";")))).text == "  ;"


def test_the_margin_does_not_count_the_beginning_of_the_same_word() -> None:
    engine = Wishing({"host": 5.0, "h": 4.5, "name": 2.0, "n": 1.0}, words=("host", "name"))
    done = written(engine, Choice((Literal("host"), Literal("name"))))
    assert (done.text, done.margin) == ("host", 3.0)


def test_nothing_but_one_choice_has_no_margin() -> None:
    assert written(Wishing({}), Literal("only")).margin is None


def test_a_text_ends_where_the_model_ends_its_turn() -> None:
    engine = Wishing({"<end>": 5.0, "a": 9.0})
    grammar = InOrder((Literal("say: "), Text(most=3, forbidden='"')))
    assert written(engine, grammar).text == "say: aaa"
    engine.wishes["a"] = 1.0
    assert written(engine, grammar) == Decoded("say: ", True, evaluated=7, sampled=1, margin=4.0)


def test_forbidden_characters_are_passed_over() -> None:
    engine = Wishing({'"': 9.0, "<end>": 1.0, "q": 5.0})
    assert written(engine, Text(most=2, forbidden='"')).text == "qq"


def test_too_few_tokens_leave_it_unfinished() -> None:
    done = written(Wishing({"a": 1.0}), InOrder((Text(most=40, least=20), Literal("!"))), most=5)
    assert (done.text, done.whole) == ("aaaaa", False)


def test_a_prompt_without_room_for_an_answer_is_refused() -> None:
    with pytest.raises(TooLong, match="2 tokens and 1 is the most"):
        written(Wishing({}, room=51), Literal("a"))


@pytest.mark.parametrize("sampling", [None, Sampling(0.6, 0.95)])
def test_a_vocabulary_that_cannot_spell_it_is_stuck(sampling: Sampling | None) -> None:
    with pytest.raises(Stuck):
        written(Wishing({}), Choice((Literal("€"), Literal("¥"))), sampling=sampling)


def test_cancelled_between_two_tokens() -> None:
    engine = Wishing({"a": 1.0})
    asked = iter([False, False, True])
    with pytest.raises(Cancelled):
        decode(engine, [0], start(Text(most=40, least=40)), 50, None, lambda: next(asked))
    assert len(engine.computed) == 2


def test_drawing_looks_at_the_best_only() -> None:
    # Given a large vocabulary, and a count of the logits that are looked at
    class Counted(list[float]):
        looked_at = 0

        def __getitem__(self, place: SupportsIndex | slice) -> Any:
            Counted.looked_at += 1
            return super().__getitem__(place)

    class Large(Wishing):
        best_of_all: Sequence[int] = ()

        def logits(self) -> Sequence[float]:
            return Counted(super().logits())

        def best(self, most: int) -> Sequence[int]:
            return self.best_of_all[:most]

    words = [f"word{number}" for number in range(10_000)]
    engine = Large({"b": 5.0, "a": 4.0, "Z": 9.0}, words)
    engine.best_of_all = Wishing(engine.wishes, words).best(FIRST_LOOK)
    # When a free text is drawn that one of the best may not be part of
    done = written(engine, Text(most=20, least=20, forbidden="Z"), sampling=Sampling(0.6, 0.95, 1))
    # Then no more of them than the best are looked at for each token
    assert set(done.text) <= set("ab")
    assert Counted.looked_at <= 2 * FIRST_LOOK * done.sampled
    # And where none of them is admitted, another one is found
    assert written(engine, Choice((Literal("q"), Literal("y"))), sampling=Sampling(0.6, 0.95, 1)).text in ("q", "y")


def test_drawing_keeps_to_the_grammar_and_to_its_seed() -> None:
    engine = Wishing({"a": 1.0, "b": 1.0, "c": 1.0, "Z": 9.0})
    grammar = InOrder((Choice((Literal("a"), Literal("b"), Literal("c"))),) * 8)
    drawn = {written(engine, grammar, sampling=Sampling(0.6, 0.95, seed)).text for seed in range(20)}
    assert all(set(text) <= set("abc") for text in drawn)
    assert len(drawn) > 10
    again = written(engine, grammar, sampling=Sampling(0.6, 0.95, 7)).text
    assert again == written(engine, grammar, sampling=Sampling(0.6, 0.95, 7)).text
    # A narrow nucleus leaves the best only.
    engine.wishes["b"] = 4.0
    assert written(engine, grammar, sampling=Sampling(0.6, 0.5, 7)).text == "b" * 8
