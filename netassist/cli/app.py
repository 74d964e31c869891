"""The commands, by name; each one's module is imported when it is called."""

from __future__ import annotations

from cyclopts import App

from netassist import __version__
from netassist.cli.common_jobs import JOBS
from netassist.cli.options import Approve, BackendName, Config, ModelFile, Threads

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
130 interrupted. With --debug an internal error prints its traceback. With --read-only any command runs passive tools only and
touches no target.
""",
    help_format="plaintext",
    help_formatter="plain",
    suppress_keyboard_interrupt=False,
)
app.command(
    "netassist.cli.ask:ask",
    name="ask",
    help="""Answer a question by measurement.

Standard input is one question, of several lines too. With -f jsonl it is a question a line: they are answered in order as one
conversation, each by one line of JSON as soon as it is there; a blank line begins a new conversation. The exit code is the worst.
Where the model is not sure how a question is meant, you are asked; without a terminal only look-ups run unasked.

Try:
  netassist ask "give me info on the SSL certificate of example.org"
  netassist ask --continue "and its mail server?"
  netassist ask "is ssh on 192.0.2.7 quantum safe?" -f json
  netassist ask - -f jsonl < questions.txt
  netassist ask "run the vulnerability scripts against 192.0.2.7" --approve intrusive
""",
)
app.command(
    "netassist.cli.sessions:app",
    name="sessions",
    help="""List, show, export, search and delete what was asked.

`ask` keeps each conversation for 90 days after its last question, in netassist/sessions.db of your state folder; with --no-store
it does not.

Try:
  netassist sessions list
  netassist sessions show 3f9a1c22
  netassist sessions search certificate expired
  netassist sessions export 3f9a1c22 -o session.json
  netassist sessions delete 3f9a1c22
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
    "netassist.cli.report:report",
    name="report",
    help="""Show stored results in another format; nothing is measured.

Results are what -f json and -f jsonl print: reports, answers, and sessions that were exported. Each -o takes its format from the
name's end: .html, .sarif, .xml (JUnit), .md, .csv, .cdx.json (CycloneDX), .json, .jsonl, .txt.

Try:
  netassist report results.json -f markdown
  netassist report results.jsonl -o report.html -o report.sarif
  netassist tls -i hosts.txt -f jsonl | netassist report - -f html > report.html
  netassist report today.json --baseline yesterday.json
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
    "netassist.cli.audit:audit",
    name="audit",
    help="""Audit hosts comprehensively: services, TLS, certificates, quantum safety, SSH, web, mail; findings by severity.

Networks are looked through first, and each host that answers is audited by itself. Targets, policies, exceptions and thresholds
can be kept in a project file, netassist.toml. Ctrl-C once takes no more hosts and reports those under way as far as they are.

Try:
  netassist audit example.org
  netassist audit 192.0.2.0/28 https://shop.example.org/ -o audit.jsonl -o audit.html
  netassist audit -i hosts.txt --baseline last.jsonl --fail-on-new medium
  netassist audit
""",
)
app.command(
    "netassist.cli.rules:rules",
    name="rules",
    help="""List the rules that findings are made by, or show one: its severity, why it matters, and what to do.

Try:
  netassist rules
  netassist rules tls.tls1_0
  netassist rules ssh -f json
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
    "netassist.cli.scope:app",
    name="scope",
    help="""Which hosts may be touched, and what has been approved for always.

Try:
  netassist scope check 192.0.2.7 mail.example.org:25 10.0.0.0/24
  netassist scope approvals
  netassist scope revoke 1
""",
)
app.command(
    "netassist.cli.journal:app",
    name="journal",
    help="""What was run, who allowed it, and whether the record is as it was written.

Try:
  netassist journal show -n 5
  netassist journal head
  netassist journal verify --head 12:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
""",
)
app.command(
    "netassist.cli.monitor:app",
    name="monitor",
    help="""Set up what is watched, and see how it stands; `netassist daemon` does the watching.

What you add here is kept in the daemon's database, beside what monitor.toml says; a running daemon takes it up within seconds.

Try:
  netassist monitor add https://example.org/ --check https --interval 5m
  netassist monitor add 192.0.2.7 --check tcp --port 5432 --slow-ms 200 --group databases
  netassist monitor list
  netassist monitor history example.org --hours 168
  netassist monitor check example.org --check certificate
  netassist monitor alerts
  netassist monitor maintenance add "patch night" databases --starts 2026-12-01T22:00+01:00 --lasts 2h
  netassist monitor export -o monitor.toml
""",
)
app.command(
    "netassist.cli.daemon:app",
    name="daemon",
    help="""Watch hosts, day and night: checks on schedules, history, alerts, a status page, an API.

What is watched stands in monitor.toml, or is added by `netassist monitor add`. SIGHUP reads the file anew, SIGTERM ends it;
nothing that was recorded is lost, however it ends.

Try:
  netassist daemon
  netassist daemon --config monitor.toml --dry-run
  netassist daemon status
  netassist daemon reload
  netassist daemon token add grafana --scope read
""",
)
app.command(
    "netassist.cli.backends:backends",
    name="backends",
    help="""Show which models plan, in which order, and how each of them stands.

The configuration's `backends` is the order, for example backends = ["turbollm", "testllm"]; testllm alone where it says nothing.
None of them is asked.

Try:
  netassist backends
  netassist backends --retry
""",
)
app.command(
    "netassist.cli.config:app",
    name="config",
    help="""Show the settings in force, and what may leave this machine.

Try:
  netassist config show --origin
  netassist config path
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
app.command(
    "netassist.cli.doctor:doctor",
    name="doctor",
    help="""Look at everything that netassist stands on, and say how to mend what is missing.

Nmap, ICMP, models, backends and their keys (none is shown or asked), clock, name server, trust store, folders, journal, tools of
your own. Only this machine and the name server that it is set to ask are spoken to. Exits with 1 where something is broken.

Try:
  netassist doctor
  netassist doctor -f json
""",
)
app.command(
    "netassist.cli.demo:demo",
    name="demo",
    help="""Try netassist on a server of its own: it opens the terminal UI, and nothing of yours is touched.

The server runs inside this program, on this machine's loopback, and ends with it. Its faults are there on purpose; what is
found is measured all the same. Nothing is kept.

Try:
  netassist demo
  netassist demo --text
""",
)
app.command(
    "netassist.cli.completion:completion",
    name="completion",
    help="""Print a script with which a shell completes commands, options, tools, models and sessions.

Try:
  netassist completion bash > ~/.local/share/bash-completion/completions/netassist
  netassist completion zsh > ~/.zfunc/_netassist     # a folder of your fpath, before compinit
  netassist completion fish > ~/.config/fish/completions/netassist.fish
""",
)
for job in JOBS:
    app.command(f"netassist.cli.common_jobs:{job}", name=job)


@app.default
def screen(
    *,
    config: Config = None,
    model: ModelFile = None,
    threads: Threads = None,
    approve: Approve = (),
    backend: BackendName = None,
) -> int:
    """Open the terminal UI."""
    from netassist.cli.screen import opened

    return opened(config, model, threads, approve, backend)
