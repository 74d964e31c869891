"""Markdown as models write it, in lines of one width. Pure.

It is inert: links, pictures, HTML and entities are not read as such and stay the text that they are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import TYPE_CHECKING

from netassist.assistant.checking.marks import NOT_MEASURED
from netassist.reports.layout import BLANK, paragraph, table
from netassist.reports.style import Line, Span, Style
from netassist.untrusted import as_text

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.tree import SyntaxTreeNode

NARROWEST = 10
MOST_COLUMNS = 20
"""Of a table; a text with a wider one is read as if it had none, for empty cells cost as much as full ones."""
_STYLES: dict[str, Style] = {"strong": "title", "em": "title", "s": "bad"}


def markdown(text: str, width: int) -> Iterator[Line]:
    """Headings, lists, quotations, tables and code; a line that the model has ended ends here too."""
    from markdown_it.tree import SyntaxTreeNode

    tables = all(line.count("|") <= MOST_COLUMNS + 1 for line in text.splitlines())
    return _blocks(SyntaxTreeNode(_parser(tables).parse(text)).children, width)


def recent(text: str, most: int) -> str:
    """The end of a text that is being written, from the beginning of a block on; what stands in code goes on as code."""
    at = text.find("\n\n", max(len(text) - most, 0)) if len(text) > most else -1
    if at < 0:
        return text[-most:]
    return ("```\n" if text.count("```", 0, at) % 2 else "") + text[at + 2 :]


@cache
def _parser(tables: bool) -> MarkdownIt:
    from markdown_it import MarkdownIt

    reads = MarkdownIt("commonmark", {"html": False}).enable(["strikethrough", *(["table"] if tables else [])])
    return reads.disable(["link", "image", "autolink", "entity", "reference", "html_block", "html_inline"])


def _blocks(nodes: Sequence[SyntaxTreeNode], width: int, *, apart: bool = True) -> Iterator[Line]:
    """Blocks below each other, with `apart` an empty line between them."""
    for number, node in enumerate(nodes):
        if number and apart:
            yield BLANK
        yield from _block(node, max(width, NARROWEST))


def _block(node: SyntaxTreeNode, width: int) -> Iterator[Line]:
    match node.type:
        case "bullet_list" | "ordered_list":
            first = int(node.attrs.get("start", 1)) if node.type == "ordered_list" else None
            for number, item in enumerate(node.children):
                mark = "• " if first is None else f"{first + number}. "
                yield from _beside(mark, _blocks(item.children, width - len(mark), apart=False))
        case "blockquote":
            for line in _blocks(node.children, width - 2):
                yield Line((Span("│ ", "dim"), *line.spans))
        case "table":
            head, *rows = [_cells(row) for part in node.children for row in part.children]
            yield from table(["".join(span.text for span in cell) for cell in head], rows, width, indent=0)
        case "fence" | "code_block":
            for text in node.content.splitlines():
                blank = len(text) - len(text.lstrip(" "))
                yield Line((Span(f"  {' ' * blank}{as_text(text)}", "accent"),))
        case "hr":
            yield Line((Span("─" * width, "dim"),))
        case _:
            style: Style = "title" if node.type == "heading" else "plain"
            for spans in _inline(node, style):
                yield from paragraph(spans, width)


def _beside(mark: str, lines: Iterator[Line]) -> Iterator[Line]:
    """The first line behind a mark, the others under it."""
    yield Line((Span(mark, "accent"), *next(lines, BLANK).spans))
    for line in lines:
        yield Line((Span(" " * len(mark)), *line.spans))


def _cells(row: SyntaxTreeNode) -> list[list[Span]]:
    return [[span for line in _inline(cell, "plain") for span in line] for cell in row.children]


def _inline(node: SyntaxTreeNode, style: Style) -> list[list[Span]]:
    """The runs of text in a block, line by line."""
    lines: list[list[Span]] = [[]]
    for kind, text, style_of in _runs(node, style):
        if kind in ("softbreak", "hardbreak"):
            lines.append([])
        else:
            lines[-1] += _marked(text, style_of)
    return lines


def _runs(node: SyntaxTreeNode, style: Style) -> Iterator[tuple[str, str, Style]]:
    """Each piece of text with its kind and its style."""
    for child in node.children:
        if child.type == "s":
            # The signs stay: what is struck out has to be told from what holds on terminals without that line too.
            yield "text", "~~", "bad"
            yield from _runs(child, "bad")
            yield "text", "~~", "bad"
        elif child.children:
            yield from _runs(child, _STYLES.get(child.type, style))
        else:
            yield child.type, child.content, "accent" if child.type == "code_inline" else style


def _marked(text: str, style: Style) -> Iterator[Span]:
    """The text, with what was not measured standing out."""
    before, *rest = text.split(NOT_MEASURED)
    yield Span(before, style)
    for piece in rest:
        yield Span(NOT_MEASURED, "warn")
        yield Span(piece, style)
