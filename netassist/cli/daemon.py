"""``netassist daemon``: watch hosts, day and night; ask the daemon how it does; who may use its API."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, TypeVar

import msgspec
from cyclopts import App, Parameter

from netassist.cli.exits import CLEAN, INCOMPLETE, REFUSED, USAGE
from netassist.cli.monitored import entered
from netassist.cli.options import Format
from netassist.cli.told import told

if TYPE_CHECKING:
    from netassist.monitor.api.values import Reloaded, Status
    from netassist.monitor.plan_file import Plan
    from netassist.monitor.store import Store

T = TypeVar("T")
Form = Literal["auto", "journal", "text", "json"]
Plan_ = Annotated[
    Path | None,
    Parameter(
        name=("--plan", "--config"),
        help="The monitor.toml; the one in your configuration folder where left out, if it is there. For another config.toml set "
        "NETASSIST_CONFIG.",
    ),
]
StoreUrl = Annotated[
    str | None,
    Parameter(
        name="--store",
        help="The database: the path of an SQLite file, or postgresql://…; what monitor.toml says, else monitor.db in your state "
        "folder.",
    ),
]

app = App(name="daemon", help_format="plaintext", help_formatter="plain")
tokens = App(
    name="token",
    help_format="plaintext",
    help_formatter="plain",
    help="Who may use the API and the page over TCP; over the unix socket you need none.",
)
app.command(tokens)


@app.default
def daemon(
    *,
    config: Plan_ = None,
    store: StoreUrl = None,
    dry_run: Annotated[
        bool, Parameter(help="Say what monitor.toml would change; nothing is changed or watched.", negative="")
    ] = False,
    log: Annotated[Form, Parameter(help="How it logs on stderr; auto is journal under systemd, else text.")] = "auto",
) -> int:
    """Watch until it is told to stop (Ctrl-C, SIGTERM, `netassist daemon stop`)."""
    from netassist.monitor.plan_file import plan_file as usual
    from netassist.monitor.plan_file import read_plan

    file = config or usual()
    if dry_run:
        return _told_changes(_planned(config, file), store)
    url = store or (read_plan(file).store if config is not None or file.exists() else None)
    return _troubled(lambda: _watched(file, url, log))


@app.command
def status(*, store: StoreUrl = None, config: Plan_ = None, format: Format = "text") -> int:
    """How the daemon does. Exits with 3 where none runs, or something of it does not work."""
    from netassist.monitor.api.values import Status

    def shown() -> int:
        found = _asked("GET", "/v1/status", Status, store, config)
        if format == "json":
            from netassist.cli.output import show_json

            show_json(found)
        else:
            _show(found)
        return INCOMPLETE if found.trouble or found.plan_trouble else CLEAN

    return _troubled(shown)


@app.command
def stop(*, store: StoreUrl = None, config: Plan_ = None) -> int:
    """End the daemon; what it measured is written first."""
    from netassist.monitor.api.values import Done

    def stopped() -> int:
        from netassist.monitor.client import ended

        url = _url(store, config)
        _asked("POST", "/v1/stop", Done, store, config)
        if not ended(url):
            print("netassist: it was told to stop, and has not ended within 30 s; its log says why", file=sys.stderr)
            return INCOMPLETE
        print("The daemon has ended.")
        return CLEAN

    return _troubled(stopped)


@app.command
def reload(*, store: StoreUrl = None, config: Plan_ = None) -> int:
    """Have the daemon read monitor.toml and the configuration anew. Where they are wrong, all stays as it was."""
    from netassist.monitor.api.values import Reloaded

    def reloaded() -> int:
        found: Reloaded = _asked("POST", "/v1/reload", Reloaded, store, config)
        for mark, keys in (("+", found.added), ("~", found.changed), ("-", found.removed)):
            for key in keys:
                print(f"{mark} {key}")
        print(f"Reloaded; {found.unchanged} as before.")
        return CLEAN

    return _troubled(reloaded)


@app.command(name="test-alert")
def send_test(channel: str = "", /, *, store: StoreUrl = None, config: Plan_ = None) -> int:
    """Send a test message to a channel, or to all of them."""
    from netassist.monitor.api.values import Tests

    def sent() -> int:
        body = msgspec.json.encode({"channel": channel})
        found = _asked("POST", "/v1/test-alert", Tests, store, config, body)
        for one in found.channels:
            print(f"{one.channel}: {one.error or 'it took the message'}")
        return INCOMPLETE if any(one.error for one in found.channels) else CLEAN

    return _troubled(sent)


@tokens.command(name="add")
def add_token(
    name: str,
    /,
    *,
    scope: Annotated[
        tuple[Literal["read", "write", "ask"], ...],
        Parameter(
            help="What it may: read (all that is known), write (what is watched, acknowledge), ask (have the assistant measure "
            "what a question names); may be given several times.",
            consume_multiple=False,
            negative="",
        ),
    ] = ("read",),
    store: StoreUrl = None,
    config: Plan_ = None,
) -> int:
    """Make a token and print it, once: only a hash of it is kept."""

    def added(kept: Store) -> int:
        import time

        from netassist.monitor.api.tokens import MOST, checked_name, minted
        from netassist.monitor.store import Token

        try:
            checked_name(name)
        except ValueError as error:
            print(f"netassist: {error}", file=sys.stderr)
            return USAGE
        known = kept.tokens()
        if any(token.name == name for token in known) or len(known) >= MOST:
            why = "there is one of that name" if len(known) < MOST else f"there are {MOST} already"
            print(f"netassist: {why}; `netassist daemon token remove` takes one away", file=sys.stderr)
            return USAGE
        secret, hashed = minted()
        kept.put_token(Token(name=name, hash=hashed, scopes=tuple(dict.fromkeys(scope)), made=time.time()))
        print(secret)
        return CLEAN

    return _troubled(lambda: entered("token_add", {"name": name, "scope": scope}, lambda: _with_store(store, config, added)))


@tokens.command(name="list")
def list_tokens(*, store: StoreUrl = None, config: Plan_ = None) -> int:
    """List the tokens: name, what each may, since when."""

    def listed(kept: Store) -> int:
        from netassist.monitor.times import stamp

        known = kept.tokens()
        for token in known:
            print(f"{token.name:20}  {', '.join(token.scopes):18}  made {stamp(token.made)}")
        if not known:
            print("There is no token; `netassist daemon token add NAME` makes one.")
        return CLEAN

    return _troubled(lambda: _with_store(store, config, listed))


@tokens.command(name="remove")
def remove_token(name: str, /, *, store: StoreUrl = None, config: Plan_ = None) -> int:
    """Take a token away; it counts no more at once."""

    def removed(kept: Store) -> int:
        if kept.remove_token(name):
            return CLEAN
        print(f"netassist: there is no token {name!r}; `netassist daemon token list` lists them", file=sys.stderr)
        return USAGE

    return _troubled(lambda: entered("token_remove", {"name": name}, lambda: _with_store(store, config, removed)))


def _planned(named: Path | None, file: Path) -> Plan:
    """The plan in a file; an empty one where none was named and there is no such file, as for the daemon itself."""
    from netassist.monitor.plan_file import Plan, read_plan

    if named is not None or file.exists():
        return read_plan(file)
    print(f"netassist: there is no {file}; only what was added is watched", file=sys.stderr)
    return Plan()


def _watched(file: Path, url: str | None, log: Form) -> int:
    import asyncio

    from netassist.cli.backend import chosen_backend
    from netassist.configuration import load
    from netassist.monitor.daemon import Daemon
    from netassist.monitor.logs import begin
    from netassist.monitor.store import open_store

    begin(log)

    async def run() -> None:
        await Daemon(store, file, load, lambda settings: chosen_backend(settings, None, None)).run()

    with open_store(url, check=True) as store:
        asyncio.run(run())
    return CLEAN


def _told_changes(plan: Plan, url: str | None) -> int:
    """What the plan would change, a line each."""
    from netassist.monitor.channels import unusable
    from netassist.monitor.plan_changes import changes
    from netassist.monitor.store import StoreTrouble, open_store

    try:
        with open_store(url or plan.store, create=False) as kept:
            watched = kept.watches()
    except StoreTrouble as trouble:
        if trouble.kind != "unavailable":
            print(f"netassist: {trouble}", file=sys.stderr)
            return INCOMPLETE
        watched = ()
    for trouble_of_channel in unusable(plan.channels):
        print(f"netassist: {trouble_of_channel}", file=sys.stderr)
    done = changes(watched, plan)
    for change in done:
        mark = {"add": "+", "change": "~", "remove": "-"}[change.what]
        print(f"{mark} {change.key}{f'  ({change.text})' if change.text else ''}")
    print(f"{len(done) or 'Nothing'} would change; {len(plan.watches)} watches, {len(plan.channels)} channels in the file.")
    return CLEAN


def _with_store(url: str | None, config: Path | None, work: Callable[[Store], int]) -> int:
    from netassist.monitor.store import open_store

    with open_store(_url(url, config)) as kept:
        return work(kept)


def _url(url: str | None, config: Path | None) -> str | None:
    """The store that is meant: what was said, else what monitor.toml says."""
    from netassist.monitor.plan_file import store_of

    return url or store_of(config)


def _asked(method: str, path: str, kind: type[T], url: str | None, config: Path | None, body: bytes = b"") -> T:
    from netassist.monitor.client import asked

    return asked(_url(url, config), method, path, kind, body)


def _troubled(work: Callable[[], int]) -> int:
    """What went wrong with the store or the daemon, as one line and a code."""
    from netassist.monitor.alone import NotAlone
    from netassist.monitor.client import Unheard
    from netassist.monitor.store import StoreTrouble

    return told(work, {NotAlone: REFUSED, StoreTrouble: INCOMPLETE, Unheard: INCOMPLETE, OSError: INCOMPLETE})


def _show(found: Status) -> None:
    import time

    from netassist.monitor.page.words import WORDS
    from netassist.monitor.times import stamp
    from netassist.reports.words import lasting
    from netassist.untrusted import as_text

    standings = ", ".join(f"{number} {WORDS.get(word, word)}" for word, number in found.counts.items())  # type: ignore[call-overload]
    late = f"{found.lateness_ms:g} ms" if found.lateness_ms is not None else "not known"
    since = f"for {lasting(time.time() - found.since)} (since {stamp(found.since)})"
    rows = (
        ("daemon", f"process {found.pid}, netassist {found.version}, {since}"),
        ("watches", f"{found.watches}{f': {standings}' if standings else ''}"),
        ("alerts", f"{found.unresolved} not resolved"),
        ("checks", f"{found.checks:,} run; 99 of 100 begin within {late} of their time"),
        ("waiting", f"{found.held} results to be stored, {found.outbox} messages to be delivered"),
        *(("", text) for text in found.waiting),
        ("network", "this machine is offline" if found.offline else "online"),
        ("store", found.store),
        ("plan", found.plan),
        ("answers at", "  ".join(found.listening)),
        *(("TROUBLE", text) for text in (*found.trouble, found.plan_trouble) if text),
    )
    for name, text in rows:
        print(f"{name:10}  {as_text(text, 1000)}")
