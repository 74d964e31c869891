"""The commands, by name; each one's module is imported when it is called."""

from __future__ import annotations

from cyclopts import App

from netassist import __version__
from netassist.cli.options import Approve, Config, ModelFile, Threads

app = App(
    name="netassist",
    version=f"netassist {__version__}",
    help="""Ask about hosts and networks in plain words; answers are measured.

Without a command it opens the terminal UI.

Try:
  netassist ask "when does the certificate of example.org expire?"
  netassist ask "run a comprehensive security audit on 192.0.2.10"
  netassist plan "is my server quantum safe?"
  netassist run quantum_check host=example.org -f json
""",
    help_format="plaintext",
    help_formatter="plain",
)
app.command("netassist.cli.ask:ask", name="ask", help="Answer one question by measurement.")
app.command("netassist.cli.plan:plan", name="plan", help="Decide which tools a question needs, and run nothing.")
app.command("netassist.cli.run:run", name="run", help="Run one tool without any model.")
app.command("netassist.cli.tools:tools", name="tools", help="List the tools, or show one with its arguments.")


@app.default
def screen(*, config: Config = None, model: ModelFile = None, threads: Threads = None, approve: Approve = ()) -> int:
    """Open the terminal UI."""
    from netassist.cli.screen import opened

    return opened(config, model, threads, approve)
