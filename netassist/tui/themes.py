"""The looks. Text keeps a contrast of 4.5 to 1 (WCAG 2.2, success criterion 1.4.3) on every ground, in the last theme 7 to 1."""

from __future__ import annotations

from collections.abc import Mapping

from textual.theme import Theme


def _theme(name: str, *, dark: bool, ink: str, grounds: tuple[str, str, str], tones: tuple[str, str, str, str]) -> Theme:
    """`grounds`: background, surface, panel; `tones`: good, warning, bad, accent."""
    (background, surface, panel), (good, warning, bad, accent) = grounds, tones
    texts = {"text-success": good, "text-warning": warning, "text-error": bad, "text-primary": accent}
    return Theme(
        name=name, dark=dark, foreground=ink, background=background, surface=surface, panel=panel,
        success=good, warning=warning, error=bad, primary=accent, accent=accent,
        variables={**texts, "footer-key-foreground": accent},
    )  # fmt: skip


DARK = _theme(
    "netassist-dark",
    dark=True,
    ink="#e6e9ed",
    grounds=("#10151b", "#19212a", "#1f2933"),
    tones=("#7fd99a", "#f0c060", "#ff8f8f", "#80c0ff"),
)
LIGHT = _theme(
    "netassist-light",
    dark=False,
    ink="#1b1f24",
    grounds=("#fbfbfa", "#f0f2f4", "#e4e8ec"),
    tones=("#116329", "#7d4e00", "#b3131f", "#0a54b0"),
)
CONTRAST = _theme(
    "netassist-contrast",
    dark=True,
    ink="#ffffff",
    grounds=("#000000", "#000000", "#1a1a1a"),
    tones=("#5dff8f", "#ffe14d", "#ff9c9c", "#8fd0ff"),
)
THEMES = (DARK, LIGHT, CONTRAST)


def fitting(environment: Mapping[str, str]) -> Theme:
    """The light one where the terminal tells of a light background: COLORFGBG, ``foreground;background``, of rxvt and Konsole."""
    return LIGHT if environment.get("COLORFGBG", "").rpartition(";")[2] in ("7", "15") else DARK
