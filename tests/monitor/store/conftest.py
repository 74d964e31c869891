"""A store of each kind, empty."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from netassist.monitor.store import Store, open_store
from tests.monitor.store.server import cluster, emptied, serve


@pytest.fixture(scope="session")
def postgresql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with serve(cluster(tmp_path_factory.mktemp("postgresql"))) as port:
        yield port


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where an empty store may be made."""
    if request.param == "sqlite":
        return str(tmp_path / "monitor.db")
    return emptied(request.getfixturevalue("postgresql"))


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    with open_store(url) as made:
        yield made


@pytest.fixture
def open_again(url: str) -> Iterator[Callable[[], Store]]:
    """Opens the same store as another process would."""
    opened: list[Store] = []

    def again() -> Store:
        opened.append(open_store(url))
        return opened[-1]

    yield again
    for one in opened:
        one.close()
