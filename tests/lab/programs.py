"""Programs of the distribution that tests run."""

from __future__ import annotations

import os
import shutil

import pytest


def require(program: str) -> str:
    """The path of a program. Where it is missing the test is skipped, but fails in CI."""
    path = shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    if path is None:
        if os.environ.get("CI"):
            pytest.fail(f"{program} is not installed; `make setup` installs it")
        pytest.skip(f"{program} is not installed")
    return path
