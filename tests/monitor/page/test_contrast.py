"""Contrast of the page's colours, computed as WCAG 2.2 has it (1.4.3 text, 1.4.11 graphics), in the light and in the dark."""

from __future__ import annotations

import re

import pytest

from netassist.monitor.page.render import style

TEXT, GRAPHICS = 4.5, 3.0
_ON_PAPER = [(text, back, TEXT) for text in ("text", "muted", "link") for back in ("back", "card")]
_BADGES = [("on", tone, TEXT) for tone in ("good", "warn", "bad", "plain")]
_BARS = [(tone, back, GRAPHICS) for tone in ("good", "warn", "bad", "plain", "focus") for back in ("back", "card")]


def palettes() -> dict[str, dict[str, str]]:
    blocks = re.findall(r":root \{(.*?)\}", style(), re.S)
    light, dark = (dict(re.findall(r"--([a-z]+): (#[0-9a-f]{6})", block)) for block in blocks)
    return {"light": light, "dark": light | dark}


def luminance(colour: str) -> float:
    """Relative luminance of an sRGB colour."""
    parts = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def test_contrast_is_computed_as_the_recommendation_does() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("front", "back", "least"), [*_ON_PAPER, *_BADGES, *_BARS])
def test_it_can_be_read(scheme: str, front: str, back: str, least: float) -> None:
    colours = palettes()[scheme]
    assert contrast(colours[front], colours[back]) >= least
