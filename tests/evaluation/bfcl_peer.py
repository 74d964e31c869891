"""The published BFCL checker as a program of its own: ``python bfcl_peer.py FOLDER``, FOLDER holding the package bfcl_eval.

It reads one Python literal a line and writes one JSON value a line: for ``("check", category, functions, calls, truth,
underscores)`` the verdict, for ``("read", text)`` the calls as text; null where it raises. What it imports beside itself, and is
not installed (clients of remote services), is put off with empty modules.
"""

from __future__ import annotations

import ast
import importlib
import importlib.util
import json
import re
import sys
from collections.abc import Callable, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from unittest.mock import MagicMock


class _Absent(MetaPathFinder, Loader):
    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        return None if name.startswith("bfcl_eval") else ModuleSpec(name, self, is_package=True)

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        module = MagicMock(name=spec.name)
        module.__path__, module.__spec__, module.__all__ = [], spec, []
        return module

    def exec_module(self, module: ModuleType) -> None:
        pass


def main() -> None:
    sys.path.insert(0, sys.argv[1])
    sys.meta_path.append(_Absent())
    models = ModuleType("bfcl_eval.constants.model_config")
    models.MODEL_CONFIG_MAPPING = {"dots": MagicMock(underscore_to_dot=False), "underscores": MagicMock(underscore_to_dot=True)}  # type: ignore[attr-defined]
    sys.modules[models.__name__] = models
    checker = importlib.import_module("bfcl_eval.eval_checker.ast_eval.ast_checker")
    decode = importlib.import_module("bfcl_eval.model_handler.utils").default_decode_ast_prompting
    wellformed = importlib.import_module("bfcl_eval.utils").is_function_calling_format_output
    python = importlib.import_module("bfcl_eval.constants.enums").Language.PYTHON
    for line in sys.stdin:
        task, *given = ast.literal_eval(line)
        print(
            json.dumps(_checked(checker, python, *given) if task == "check" else _read(decode, wellformed, *given)), flush=False
        )


def _checked(
    checker: ModuleType, python: object, category: str, functions: object, calls: object, truth: object, underscores: bool
) -> bool | None:
    try:
        verdict = checker.ast_checker(functions, calls, truth, python, category, "underscores" if underscores else "dots")
    except Exception:  # noqa: BLE001 - a bug of the peer is no verdict
        return None
    return bool(verdict["valid"])


def _read(decode: Callable[[str], object], wellformed: Callable[[object], bool], text: str) -> str | None:
    """As the published handler of Nemotron models reads an answer."""
    found = re.search(r"<TOOLCALL>(.*?)</TOOLCALL>", text, re.DOTALL)
    try:
        calls = decode(found[1]) if found else []
    except Exception:  # noqa: BLE001 - as its own evaluation does
        return None
    return repr(calls) if wellformed(calls) else None


if __name__ == "__main__":
    main()
