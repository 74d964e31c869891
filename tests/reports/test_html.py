"""The HTML page: one file that loads nothing, readable by everybody, with nothing on it that others have put there."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser
from itertools import pairwise
from typing import get_args

import pytest

from netassist.reports.changes import compared
from netassist.reports.formats import Results, rendered
from netassist.reports.html.certificates import PROBLEMS
from netassist.reports.located import grouped, located
from netassist.tls.problems import Problem
from tests.reports import pictures
from tests.reports.estate import BEFORE, estate
from tests.reports.every import ATTACK, REPORTS, RESULTS, attacked, with_finding
from tests.reports.samples import EXAMPLES

VOID = {"meta", "line", "rect"}
LOADING = {"src", "srcset", "data", "poster", "action", "formaction", "background", "xlink:href", "style"}


class Page(HTMLParser):
    """Elements with their attributes, and the text, of a page whose elements are all closed."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(html)
        assert self._open == []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attributes}))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attributes}))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.elements if name == tag]


def page(results: Results) -> Page:
    return Page(rendered("html", results).decode())


def with_changes() -> Results:
    return Results(estate(), compared(BEFORE.name, estate(BEFORE), estate()))


@pytest.mark.parametrize("results", [RESULTS, with_changes(), attacked(ATTACK), Results(())])
def test_nothing_is_loaded_and_nothing_runs(results: Results) -> None:
    held = page(results)
    tags = {tag for tag, _ in held.elements}
    assert not tags & {
        "script",
        "img",
        "link",
        "iframe",
        "object",
        "embed",
        "form",
        "input",
        "base",
        "video",
        "audio",
        "image",
        "use",
    }
    for tag, attributes in held.elements:
        assert not [name for name in attributes if name in LOADING or name.startswith("on")], (tag, attributes)
        link = attributes.get("href", "#")
        assert link.startswith(("#", "https://", "http://"))
        assert "evil" not in link


def test_the_policy_allows_the_one_style_sheet_by_its_hash() -> None:
    html = rendered("html", RESULTS).decode()
    [style] = re.findall(r"<style>(.*?)</style>", html, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    [policy] = [meta["content"] for meta in Page(html).all("meta") if meta.get("http-equiv") == "Content-Security-Policy"]
    assert policy == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    assert "url(" not in style
    assert "@import" not in style


@pytest.mark.parametrize("results", [RESULTS, with_changes(), Results(())])
def test_headings_are_in_order_and_every_anchor_is_there_once(results: Results) -> None:
    held = page(results)
    levels = [int(tag[1]) for tag, _ in held.elements if re.fullmatch("h[1-6]", tag)]
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    ids = [attributes["id"] for _, attributes in held.elements if "id" in attributes]
    assert len(set(ids)) == len(ids)
    wanted = [link["href"][1:] for link in held.all("a") if link["href"].startswith("#")]
    wanted += [section["aria-labelledby"] for section in held.all("section")]
    assert set(wanted) <= set(ids)
    assert all(picture["role"] == "img" and picture["aria-label"] for picture in held.all("svg"))
    [html] = held.all("html")
    assert html["lang"] == "en"


def test_every_finding_unfolds_to_its_evidence_and_fix() -> None:
    html = rendered("html", RESULTS).decode()
    text = " ".join(Page(html).text.split())
    found = located(REPORTS)
    assert html.count('<details id="finding-') == len(grouped(found))
    assert found
    for each in found:
        for said in (each.finding.title, each.finding.evidence, each.finding.fix, each.finding.detail):
            assert " ".join(said.split())[:200] in text


def test_what_could_not_be_measured_comes_before_the_findings() -> None:
    html = rendered("html", Results((EXAMPLES["dns_failed"], EXAMPLES["nmap_bad"]))).decode()
    assert 0 < html.index('id="incomplete"') < html.index("no answer within 5 s") < html.index('id="findings"')
    nothing = rendered("html", Results((EXAMPLES["dns_failed"],))).decode()
    assert "None in what could be measured." in nothing


def test_certificates_are_on_the_timeline_each_once() -> None:
    held = page(Results((EXAMPLES["certificate_good"], EXAMPLES["certificate_good"], EXAMPLES["certificate_expired"])))
    bars = [svg["aria-label"] for svg in held.all("svg")]
    assert len(bars) == 1  # all three examples have one fingerprint
    assert bars[0].startswith("valid from 2026-10-26 to ")
    lines = page(Results(estate()))
    rects = [rect for rect in lines.all("rect") if rect.get("height") == "12"]
    assert len(rects) == 7
    for rect in rects:
        assert 0 <= float(rect["x"]) <= float(rect["x"]) + float(rect["width"]) <= 1000.05


def test_every_problem_of_a_certificate_has_words_of_its_own() -> None:
    assert set(PROBLEMS) == set(get_args(Problem))
    assert not [words for words in PROBLEMS.values() if "_" in words]


def test_readiness_counts_each_server_once_by_its_verdict() -> None:
    text = " ".join(page(Results(estate())).text.split())
    assert "3 quantum safe" in text
    assert "4 not quantum safe" in text


def test_the_changes_and_exceptions_are_told() -> None:
    assert "Since the baseline" in page(with_changes()).text
    assert "Since the baseline" not in page(RESULTS).text
    assert "until 2026-11-24: lab" in page(RESULTS).text


def test_text_of_a_template_stays_text() -> None:
    text = page(with_finding(title="{{ 7 * 7 }}<b>", evidence="{% include 'x' %}&amp;")).text
    assert "{{ 7 * 7 }}<b>" in text
    assert "{% include 'x' %}&amp;" in text


def colours(style: str) -> list[dict[str, str]]:
    """The values of the custom properties: light, and dark over light."""
    light, dark = (
        dict(re.findall(r"--([a-z]+): (#[0-9a-f]{6})", block)) for block in re.findall(r":root \{(.*?)\}", style, re.DOTALL)
    )
    return [light, light | dark]


def contrast(one: str, other: str) -> float:
    """WCAG 2.2's contrast ratio of two colours."""

    def luminance(colour: str) -> float:
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", [0, 1])
def test_the_contrast_is_aa(scheme: int) -> None:
    [style] = re.findall(r"<style>(.*?)</style>", rendered("html", RESULTS).decode(), re.DOTALL)
    values = colours(style)[scheme]
    for text in ("text", "muted", "link", "good", "warn", "bad", "plain"):
        for back in ("back", "card"):
            assert contrast(values[text], values[back]) >= 4.5, (text, back)
    for badge in ("critical", "high", "medium", "low", "info", "good", "warn", "bad", "plain"):
        assert contrast(values["on"], values[badge]) >= 4.5, badge
        assert contrast(values[badge], values["card"]) >= 3, badge


def test_the_page_of_the_documentation_is_the_one_that_is_made() -> None:
    assert pictures.PAGE.read_bytes() == pictures.page()
