"""BFCL's files in little: one case of each live category, of our own, in the published form."""

from __future__ import annotations

import json
from pathlib import Path

LAMP = {
    "name": "lamp.set", "description": "Set a lamp.",
    "parameters": {"type": "dict", "required": ["room"], "properties": {
        "room": {"type": "string", "description": "Where it hangs."},
        "level": {"type": "float", "description": "From 0 to 1.", "default": 1.0}}},
}  # fmt: skip
BELL = {
    "name": "ring",
    "description": "Ring the bell.",
    "parameters": {
        "type": "dict",
        "required": ["times"],
        "properties": {"times": {"type": "integer", "description": "How often."}},
    },
}
CASES: dict[str, tuple[str, list[object], list[object] | None, str]] = {
    "simple": ("Light in the hall, please", [LAMP], [{"lamp.set": {"room": ["hall"], "level": ["", 1.0]}}],
               "<TOOLCALL>[lamp.set(room='Hall', level=1)]</TOOLCALL>"),
    "multiple": ("Ring twice", [LAMP, BELL], [{"ring": {"times": [2]}}], "<TOOLCALL>[ring(times=2)]</TOOLCALL>"),
    "parallel": ("Light in hall and attic", [LAMP],
                 [{"lamp.set": {"room": ["hall"], "level": [""]}}, {"lamp.set": {"room": ["attic"], "level": [""]}}],
                 '<TOOLCALL>[{"name": "lamp.set", "arguments": {"room": "attic"}}, '
                 '{"name": "lamp.set", "arguments": {"room": "hall"}}]</TOOLCALL>'),
    "parallel_multiple": ("Ring once and light the hall", [LAMP, BELL],
                          [{"ring": {"times": [1]}}, {"lamp.set": {"room": ["hall"], "level": [""]}}],
                          "<TOOLCALL>[lamp.set(room='hall'), ring(times=1)]</TOOLCALL>"),
    "irrelevance": ("What is love?", [BELL], None, "I do not know."),
    "relevance": ("Make it ring", [BELL], None, "<TOOLCALL>[ring(times=7)]</TOOLCALL>"),
}  # fmt: skip
RIGHT = {f"live_{category}_0-0-0": answer for category, (_, _, _, answer) in CASES.items()}


def written(folder: Path) -> Path:
    """The six files and their four answers in `folder`."""
    (folder / "possible_answer").mkdir(parents=True)
    for category, (question, functions, truth, _) in CASES.items():
        name, case = f"BFCL_v4_live_{category}.json", f"live_{category}_0-0-0"
        line = {"id": case, "question": [[{"role": "user", "content": question}]], "function": functions}
        (folder / name).write_text(json.dumps(line) + "\n", encoding="utf-8")
        if truth is not None:
            (folder / "possible_answer" / name).write_text(json.dumps({"id": case, "ground_truth": truth}), encoding="utf-8")
    return folder
