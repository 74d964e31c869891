"""Markdown as models write it, in lines of one width."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from netassist.reports.style import cells
from netassist.tui.markdown import MOST_COLUMNS, markdown, recent
from netassist.untrusted import as_lines


def drawn(text: str, width: int = 40) -> list[str]:
    return [str(line).rstrip() for line in markdown(text, width)]


def styles(text: str) -> dict[str, str]:
    return {span.text: span.style for line in markdown(text, 80) for span in line.spans if span.text.strip()}


def test_blocks() -> None:
    text = "# Result\n\nFirst\nsecond\n\n- one\n- two\n  1. inner\n\n> said\n\n```\n  x = [a](b)\n```\n\n---\n"
    assert drawn(text, 10) == [
        "Result", "", "First", "second", "", "• one", "• two", "  1. inner", "", "│ said", "", "    x = [a](b)", "", "──────────",
    ]  # fmt: skip


def test_a_table_keeps_its_columns() -> None:
    assert drawn("| port | state |\n|---|---|\n| 443 | **open** |\n| 22 | |\n") == ["port  state", "443   open", "22"]


def test_what_was_struck_out_and_what_was_not_measured_stand_out_without_colours_too() -> None:
    shown = styles("it is ~~closed~~ open, and `22` **not** 8443 [not measured]")
    assert drawn("it is ~~closed~~ open") == ["it is ~~closed~~ open"]
    assert (shown["~~"], shown["closed"], shown["22"], shown["not"]) == ("bad", "bad", "accent", "title")
    assert shown["[not measured]"] == "warn"


def test_what_would_act_elsewhere_stays_text() -> None:
    text = "[a](http://b) ![c](d) <i>e</i> <http://f> &#x202e; &lt;"
    assert " ".join(drawn(text)) == text


def test_the_end_of_a_long_text_begins_with_a_block() -> None:
    assert recent("one\n\ntwo\n\nthree", 8) == "three"
    assert recent("short", 8) == "short"
    assert recent("x" * 20, 8) == "x" * 8
    assert recent("```\none\n\ntwo\n\nthree", 8) == "```\nthree"


@given(st.text(st.sampled_from("ab 1*_`~|-#>[]()!<\\\n\t\x1b\u202e&;:"), max_size=300), st.integers(12, 60))
def test_any_text_fits_and_holds_no_control_character(text: str, width: int) -> None:
    for line in markdown(as_lines(text, 1000), width):
        assert all(letter.isprintable() for letter in str(line))
        assert cells(str(line)) <= width or "  " in str(line)  # code is not broken


def test_a_table_of_very_many_columns_is_none() -> None:
    """Each row of it would be filled up with empty cells, however short it is written."""
    for columns, first in ((MOST_COLUMNS, "a  a"), (MOST_COLUMNS + 1, "|a|a")):
        assert drawn("|a" * columns + "|\n" + "|-" * columns + "|\n" + "|b" * columns + "|\n", 200)[0].startswith(first)
