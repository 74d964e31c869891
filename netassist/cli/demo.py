"""``netassist demo``: the terminal UI with a server to practise on, inside the program; nothing of yours is touched."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from netassist.cli.exits import CLEAN

if TYPE_CHECKING:
    from pathlib import Path


def demo(
    *, text: Annotated[bool, Parameter(help="Ask and answer on standard output, without the terminal UI.", negative="")] = False
) -> int:
    """Try it on a server of its own on this machine."""
    import json
    from pathlib import Path
    from tempfile import TemporaryDirectory

    from netassist.tui.practice import HOST, shop

    with TemporaryDirectory(prefix="netassist-demo-") as name, shop(Path(name)) as server:
        folder = Path(name)
        config = folder / "config.toml"
        config.write_text(f'ca_file = {json.dumps(str(server.authority))}\n\n[targets]\n"the practice shop" = "{HOST}"\n')
        os.environ["XDG_STATE_HOME"] = name
        where = f"{HOST}:{server.port}"
        if text or not (sys.stdin.isatty() and sys.stdout.isatty()):
            return _told(config, where)
        return _opened(config, folder / "netassist", where)


def _opened(config: Path, state: Path, where: str) -> int:
    from netassist.assistant.journal import Journal
    from netassist.cli.backend import chosen_backend
    from netassist.configuration import load
    from netassist.tui.doors import Lent
    from netassist.tui.serving import run

    settings = load(config)
    lent = Lent(configuration=config, begin_with=f"audit the TLS configuration of {where}", welcome=_WELCOME.format(where=where))
    return run(settings, chosen_backend(settings, None, None), Journal(state), frozenset(), lent, state)


_WELCOME = """This is an example. A small TLS server runs inside this program, at {where}; what you see is measured, not played.
Nothing is kept: its files go when you quit (Ctrl-Q).

1. The question below waits: Enter asks it. Then Tab goes to the ▸ lines, Enter unfolds them: why it is graded so, what to do.
2. Alt-3 (or Ctrl-PgDn) goes to Findings, Alt-4 to Certificates: this one expires in nine days. v shows the timeline.
3. Ctrl-E exports what is seen, as HTML for example.
4. Alt-1 comes back; ask: when does the certificate of {where} expire?"""


def _told(config: Path, where: str) -> int:
    """The same without a terminal: questions and their answers as text."""
    from netassist.cli.ask import ask

    print(f"A small TLS server runs inside this program, at {where}; each answer has just been measured.\n", flush=True)
    questions = (
        f"when does the certificate of {where} expire?",
        f"is {where} quantum safe?",
        f"audit the TLS configuration of {where}",
    )
    for question in questions:
        print(f'\n❯ netassist ask "{question}"\n', flush=True)
        if code := ask(question, config=config):
            return code
    print("\nIn a terminal, netassist demo opens the terminal UI with the same server.")
    return CLEAN
