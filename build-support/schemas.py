"""Write docs/schema anew: ``python build-support/schemas.py``."""

from __future__ import annotations

import json
from pathlib import Path

from netassist.assistant.answers import Answer
from netassist.cli.sessions import Exported
from netassist.reports.schemas import file_name, schemas

FOLDER = Path(__file__).parent.parent / "docs" / "schema"


def texts() -> dict[str, str]:
    """The content of each file by its name."""
    found = schemas({"netassist/answer/1": Answer, "netassist/session/1": Exported})
    return {file_name(name): json.dumps(schema, indent=1, ensure_ascii=False) + "\n" for name, schema in found.items()}


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    for stale in {path.name for path in FOLDER.glob("*.json")} - set(texts()):
        (FOLDER / stale).unlink()
    for name, text in texts().items():
        (FOLDER / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
