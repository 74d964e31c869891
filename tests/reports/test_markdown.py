"""Markdown: rendered again by markdown-it, nothing in it that others have put there, and never too long for a comment."""

from __future__ import annotations

from html.parser import HTMLParser

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from netassist.reports.changes import compared
from netassist.reports.formats import Results, rendered
from netassist.reports.markdown import LARGEST, code, html, plain
from tests.reports.estate import BEFORE, estate
from tests.reports.every import ATTACK, RESULTS, attacked
from tests.reports.samples import EXAMPLES, REDIS

OURS = {"h2", "p", "table", "thead", "tbody", "tr", "th", "td", "strong", "ul", "li", "code", "details", "summary", "b", "a"}


class Page(HTMLParser):
    """The elements, the addresses of links, and the text of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.text = ""
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.open.append(tag)
        self.links += [value or "" for name, value in attributes if name in ("href", "src")]
        assert not [name for name, _ in attributes if name.startswith("on")]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def shown(markdown: str) -> Page:
    return Page(MarkdownIt("commonmark", {"html": True, "linkify": False}).enable("table").render(markdown))


def test_the_summary_and_every_finding_are_there() -> None:
    page = shown(rendered("markdown", Results(estate())).decode())
    assert set(page.tags) <= OURS
    assert not page.open
    assert page.tags.count("details") == page.tags.count("summary") > 5
    assert "The certificate has expired" in page.text


def test_changes_and_exceptions_are_there() -> None:
    changed = rendered("markdown", Results(estate(), compared("before", estate(BEFORE), estate()))).decode()
    assert "Since the baseline: " in changed
    assert "**Excused**" in rendered("markdown", RESULTS).decode()


@pytest.mark.parametrize(
    "text", [ATTACK, "<!--", "```\n</details>", "--> <script>", "[x]: http://evil.example", "| a | b |", "# x"]
)
def test_nothing_of_others_becomes_markup(text: str) -> None:
    page = shown(rendered("markdown", attacked(text)).decode())
    assert set(page.tags) <= OURS
    assert not page.open
    assert not [link for link in page.links if "evil" in link or not link.startswith("https://")]


@settings(deadline=None)
@given(st.text(max_size=80))
def test_plain_text_stays_what_it_is(text: str) -> None:
    from netassist.untrusted import as_text

    said = " ".join(as_text(text).split())
    page = shown(f"x {plain(text)} x")
    assert set(page.tags) == {"p"}
    assert " ".join(page.text.split()) == f"x {said} x".replace("x  x", "x x")
    inside = Page(f"<p>{html(text)}</p>")
    assert inside.tags == ["p"]
    assert " ".join(inside.text.split()) == said


@settings(deadline=None)
@given(st.text(alphabet="`a <|\\", max_size=20))
def test_a_code_span_cannot_be_left(text: str) -> None:
    page = shown(f"x {code(text)} x")
    assert page.tags == ["p", "code"]


@pytest.mark.parametrize("text", ["@someone", "see #12", "https://evil.example", "www.evil.example", "a@evil.example"])
def test_no_mention_no_issue_and_no_address_is_left_whole(text: str) -> None:
    from re import search

    assert not search(r"@\w|#\d|://\w|www\.\w", plain(text))


def test_a_comment_is_never_too_long() -> None:
    many = tuple(msgspec.structs.replace(REDIS, title=f"finding {number}", evidence="é" * 900) for number in range(300))
    long = rendered("markdown", Results((msgspec.structs.replace(EXAMPLES["tcp_open"], findings=many),)))
    assert len(long) <= LARGEST
    page = shown(long.decode())
    assert not page.open
    assert "more findings left out here" in page.text
    failed = tuple(msgspec.structs.replace(EXAMPLES["dns_failed"], target=f"h{number}.example") for number in range(5000))
    assert len(rendered("markdown", Results(failed))) <= LARGEST
