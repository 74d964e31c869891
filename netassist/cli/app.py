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
  netassist tls -i hosts.txt -f jsonl

Exit codes: 0 done, 1 findings (--fail-on), 2 wrong usage or a question back, 3 not or not wholly measured, 4 refused,
130 interrupted. With --debug an internal error prints its traceback.
""",
    help_format="plaintext",
    help_formatter="plain",
    suppress_keyboard_interrupt=False,
)
app.command(
    "netassist.cli.ask:ask",
    name="ask",
    help="""Answer one question by measurement.

Try:
  netassist ask "give me info on the SSL certificate of example.org"
  netassist ask "is ssh on 192.0.2.7 quantum safe?" -f json
  netassist ask "run the vulnerability scripts against 192.0.2.7" --approve intrusive
""",
)
app.command(
    "netassist.cli.plan:plan",
    name="plan",
    help="""Decide which tools a question needs, and run nothing.

Try:
  netassist plan "check port 22 on 192.0.2.7 and its certificate"
  netassist plan --input cases.jsonl --output predictions.jsonl
""",
)
app.command(
    "netassist.cli.run:run",
    name="run",
    help="""Run one tool without any model.

Try:
  netassist run certificate_info host=example.org
  netassist run nmap_scan target=192.0.2.0/28 profile=service -f json
  netassist run quantum_check host=192.0.2.7 protocol=ssh
""",
)
app.command(
    "netassist.cli.tls:tls",
    name="tls",
    help="""Audit the TLS of one host or of many.

Hosts are what you name here: the configuration's deny rules win over it. Every server gets its own time and, with -f jsonl, its
own line as soon as it is done. Ctrl-C once takes no more hosts and reports those under way as far as they are.

Try:
  netassist tls example.org
  netassist tls mail.example.org --starttls smtp --all-addresses
  netassist tls -i hosts.txt -f jsonl -o reports.jsonl --resume
  netassist tls 192.0.2.0/28 --jobs 16 --fail-on high
""",
)
app.command(
    "netassist.cli.eval:app",
    name="eval",
    help="""Hold a model against a published benchmark.

Nothing is run but the model. A run that was broken off goes on with --resume, and a finished one is scored again with it.

Try:
  netassist eval netbench cases.jsonl --output predictions.jsonl
  netassist eval bfcl bfcl/bfcl_eval/data --model nemotron.gguf --output results.jsonl --resume
""",
)
app.command(
    "netassist.cli.models.app:app",
    name="models",
    help="""Fetch and choose models other than the built-in one.

Models are GGUF files. NAME is one of the catalogue (q4_k), owner/name or owner/name:FILE.gguf on huggingface.co, or a URL.
HF_ENDPOINT names another hub, HF_TOKEN your token, HTTPS_PROXY a proxy.

Try:
  netassist models recommend
  netassist models pull q4_k
  netassist models use q4_k
""",
)
app.command(
    "netassist.cli.tools:tools",
    name="tools",
    help="""List the tools, or show one with its arguments.

Try:
  netassist tools
  netassist tools nmap_scan
""",
)


@app.default
def screen(*, config: Config = None, model: ModelFile = None, threads: Threads = None, approve: Approve = ()) -> int:
    """Open the terminal UI."""
    from netassist.cli.screen import opened

    return opened(config, model, threads, approve)
