"""A short form of the soak: a daemon under load, killed a few times. `make soak` does it a hundred times."""

from __future__ import annotations

from pathlib import Path

from tests.monitor.soak import soak


def test_what_was_acknowledged_survives_every_kill(tmp_path: Path) -> None:
    verdict = soak(tmp_path / "soak", rounds=6, ports=40, seed=7, longest=3.0, quiet=2.2)
    assert verdict.wrong == []
    assert verdict.results > 60
    assert verdict.alerts > 0
    assert verdict.messages > 0
