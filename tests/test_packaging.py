"""What a stranger's checkout stands on: lock files that fit pyproject.toml, and commands that are documented."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
LOCKS = ("requirements.lock", "requirements-dev.lock", "requirements-train.lock", "build-support/build-tools.lock")


def pins(lock: str) -> dict[str, str]:
    """Version by canonical name."""
    text = (ROOT / lock).read_text(encoding="utf-8")
    return {canonicalize_name(name): version for name, version in re.findall(r"^([\w.-]+)==([^\s;\\]+)", text, re.MULTILINE)}


@pytest.mark.parametrize(
    ("lock", "requirements"),
    [
        ("requirements.lock", PROJECT["dependencies"]),
        ("requirements-dev.lock", PROJECT["dependencies"] + EXTRAS["dev"]),
        ("requirements-train.lock", PROJECT["dependencies"] + EXTRAS["train"]),
    ],
)
def test_what_pyproject_asks_for_is_locked(lock: str, requirements: list[str]) -> None:
    locked = pins(lock)
    unmet = [text for text in requirements
             if not (wanted := Requirement(text)).specifier.contains(locked.get(canonicalize_name(wanted.name), "0"))
             or canonicalize_name(wanted.name) not in locked]  # fmt: skip
    assert not unmet, "type: make lock"


def test_the_locks_agree_with_each_other() -> None:
    everything: dict[str, set[str]] = {}
    for lock in LOCKS:
        for name, version in pins(lock).items():
            everything.setdefault(name, set()).add(version)
    assert not {name: versions for name, versions in everything.items() if len(versions) > 1}


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_holds_nothing_of_the_machine_where_it_was_made(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")
    assert not re.search(r"file:/|https?:|^--|\s/\w", text, re.MULTILINE)


@pytest.mark.parametrize("lock", [lock for lock in LOCKS if "train" not in lock])
def test_every_locked_file_has_its_hash(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8").replace("\\\n", " ")
    assert not [line for line in text.splitlines() if "==" in line and "--hash=sha256:" not in line]


def test_every_make_target_is_explained() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    [phony] = re.findall(r"^\.PHONY: (.+)$", makefile, re.MULTILINE)
    explained = re.findall(r"^([a-z-]+):.*## \S", makefile, re.MULTILINE)
    documented = re.findall(r"^\| `make ([a-z-]+)", (ROOT / "docs" / "development.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(phony.split()) == sorted(explained) == sorted([*documented, "help"])
