"""How people word what a tool does, and what they put around it (phrases.toml)."""

from __future__ import annotations

import random
import tomllib
from collections.abc import Mapping
from pathlib import Path

from netassist.nano.notation import LIMITS, literal, plain
from netassist.toolbox import built_in

_PHRASES = tomllib.loads((Path(__file__).parent / "phrases.toml").read_text(encoding="utf-8"))
SAY: dict[str, list[str]] = _PHRASES["frames"]
"""What people put between, before and after requests."""
REFUSED: dict[str, list[str]] = _PHRASES["refused"]
"""Orders that no tool carries out, and quotations that are no orders."""

_TARGETS = {"nmap_scan": "target", "dns_lookup": "name", "whois_lookup": "name", "http_check": "url"}


class Wording:
    """How people call one call (see phrases.toml)."""

    def __init__(self, row: dict[str, object]) -> None:
        self.tool = str(row["tool"])
        self.things = [plain(text) for text in _strings(row["things"])]
        self.orders = [plain(text) for text in _strings(row["orders"])]
        self.network = bool(row.get("network"))
        arguments = row.get("arguments", {})
        self._arguments: dict[str, str | bool] = arguments if isinstance(arguments, dict) else {}
        self._target = _TARGETS.get(self.tool, "host") if row.get("target", True) else None

    @property
    def of_host(self) -> bool:
        """Whether it asks something of one host."""
        return self._target is not None and not self.network

    def slots(self, number: int, r: random.Random) -> dict[str, str]:
        """What stands for host, number, period and ports in the text of the wording that is `number`th in its request."""
        first = 3 * number - 2
        several = r.choice((1, 2, 2, 3))
        ports = r.choice((", ", ",", " and ", " ")).join(f"⟨N{first + i}⟩" for i in range(several))
        if several > 1:
            ports = f"⟨P{min(number, LIMITS['P'])}⟩{ports}"
        letter = "C" if self.network else "H"
        return {"h": f"⟨{letter}{number}⟩", "n": f"⟨N{first}⟩", "d": f"⟨D{number}⟩", "p": ports}

    def call(self, slots: Mapping[str, str]) -> str:
        """The call over those slots, its arguments in the order of the tool's parameters."""
        given = {self._target: slots["h"]} if self._target else {}
        for name, value in self._arguments.items():
            pointer = slots[value[1]] if isinstance(value, str) and value.startswith("{") else literal(value)
            given[name] = pointer.split("⟩")[0] + "⟩" if pointer.startswith("⟨") else pointer
        order = built_in()[self.tool].parameters.properties
        return f"{self.tool}(" + ", ".join(f"{name}={given[name]}" for name in order if name in given)


def _strings(value: object) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list) else []


def wordings() -> list[Wording]:
    """Every wording of phrases.toml."""
    return [Wording(row) for row in _PHRASES["wording"]]
