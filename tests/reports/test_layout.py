"""Paragraphs, facts and tables within a width."""

from __future__ import annotations

from netassist.reports.layout import facts, paragraph, table
from netassist.reports.style import Span, cells


def test_a_paragraph_hangs_under_the_end_of_its_lead() -> None:
    shown = list(map(str, paragraph("one two three four", 14, indent=2, lead=Span("- "))))
    assert shown == ["  - one two", "    three four"]


def test_a_style_may_change_within_a_word() -> None:
    [line] = paragraph((Span("host "), Span("a"), Span("b", "good"), Span(" c", "good")), 40)
    assert [(span.text, span.style) for span in line.spans if span.text] == [("host a", "plain"), ("b c", "good")]


def test_a_long_word_is_broken_and_a_url_is_not() -> None:
    url = "https://example.org/" + "a" * 60
    assert [cells(str(line)) for line in paragraph("x" * 25, 10)] == [10, 10, 5]
    assert list(map(str, paragraph(f"see {url}", 20))) == ["see", url]


def test_labels_share_a_column_and_a_long_one_stands_alone() -> None:
    shown = list(map(str, facts([("Key", "EC"), ("Long-Header-Name-Of-Somebody", "value"), ("None", None)], 40)))
    assert shown == ["  Key  EC", "  Long-Header-Name-Of-Somebody", "       value"]


def test_a_table_leaves_out_what_is_empty_and_wraps_what_is_wide() -> None:
    shown = list(map(str, table(("port", "TLS", "product"), [("22/tcp", "", "a very long product name")], 24)))
    assert shown == ["  port    product", "  22/tcp  a very long", "          product name"]


def test_a_column_keeps_its_words_whole_while_another_can_give_way() -> None:
    rows = [("many.example.test:443", "a weakness of many words that may well be wrapped")]
    shown = list(map(str, table(("server", "finding"), rows, 40)))
    assert shown[1].split()[0] == "many.example.test:443"
    assert max(map(len, shown)) <= 40
