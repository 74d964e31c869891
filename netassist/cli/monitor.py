"""``netassist monitor``: what is watched, how it stands, who has taken an alert on; with the daemon running or not."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, TypeVar

from cyclopts import App, Parameter, validators

from netassist.cli.exits import CLEAN, INCOMPLETE, REFUSED, USAGE
from netassist.cli.options import Config, Format
from netassist.cli.told import told
from netassist.monitor.watch import Check

if TYPE_CHECKING:
    from netassist.monitor.store import Store
    from netassist.monitor.watch import Watch
    from netassist.observations import Report, Stopwatch

T = TypeVar("T")
Host = Annotated[str, Parameter(help="Host name, address or URL.", allow_leading_hyphen=False)]
OneCheck = Annotated[Check | None, Parameter(help="Which of its checks; all where left out.")]
Interval = Annotated[str, Parameter(help="Time between two checks, such as 30s, 5m or 1d.")]

app = App(name="monitor", help_format="plaintext", help_formatter="plain")
windows = App(
    name="maintenance",
    help_format="plaintext",
    help_formatter="plain",
    help="Planned work, in which nobody is told of what it touches.",
)
app.command(windows)


@app.command
def add(
    host: Host,
    /,
    *,
    check: Annotated[Check, Parameter(help="What to check.")],
    port: Annotated[int | None, Parameter(help="TCP port, where the check takes one.")] = None,
    interval: Interval = "5m",
    failures: Annotated[int, Parameter(help="Bad results, of the last --of, before it counts as bad.")] = 2,
    of: Annotated[int, Parameter(help="Results that are looked back on.")] = 3,
    group: Annotated[str, Parameter(help="Where it stands on the status page.")] = "",
    parent: Annotated[
        tuple[str, ...],
        Parameter(help="A host or a watch behind which it lies; may be repeated.", consume_multiple=False, negative=""),
    ] = (),
    slow_ms: Annotated[float | None, Parameter(help="Degraded from this response time on.")] = None,
    too_slow_ms: Annotated[float | None, Parameter(help="Down from this response time on.")] = None,
    loss: Annotated[float | None, Parameter(help="icmp: degraded from this fraction of lost requests on.")] = None,
    days: Annotated[int | None, Parameter(help="Degraded below so many days to the certificate's end; else 21.")] = None,
    last_days: Annotated[int | None, Parameter(help="Down below so many days to it; else 7.")] = None,
    grade: Annotated[str | None, Parameter(help="tls: the worst grade that is not degraded.")] = None,
    ports: Annotated[str | None, Parameter(help="nmap: the open ports that are expected, such as 22,80,443.")] = None,
    status: Annotated[str | None, Parameter(help="http, https: the right status codes, such as 200,301.")] = None,
    content: Annotated[str | None, Parameter(help="http, https: text that the page holds.")] = None,
    record_type: Annotated[str | None, Parameter(help="dns: the type of record that is looked up.")] = None,
    record: Annotated[str | None, Parameter(help="dns: what one of the records is.")] = None,
    post_quantum: Annotated[
        bool, Parameter(help="quantum, ssh: degraded without post-quantum key exchange.", negative="")
    ] = False,
    format: Format = "text",
    config: Config = None,
) -> int:
    """Watch a host from now on. What is watched already is replaced."""
    import msgspec

    from netassist.monitor.tools import put, watch_of
    from netassist.monitor.watch import Limits

    told = {"slow_ms": slow_ms, "too_slow_ms": too_slow_ms, "loss": loss, "days": days, "last_days": last_days, "grade": grade,
            "ports": ports, "status": status, "content": content, "record_type": record_type, "record": record}  # fmt: skip
    limits = Limits(**{name: value for name, value in told.items() if value is not None}, post_quantum=post_quantum)  # type: ignore[arg-type]

    def work(store: Store, now: float, stamp: Stopwatch) -> Report:
        from netassist.monitor.checks import check_watch

        watch = msgspec.structs.replace(
            watch_of(host, check, _seconds(interval), port), failures=failures, of=of, group=group, parents=parent, limits=limits
        )
        check_watch(watch)
        _refuse_circle(store, watch)
        return put(store, now, stamp, watch)

    return _shown(work, format, config, ("monitor_add", {"host": host, "check": check}))


@app.command
def edit(
    host: Host,
    /,
    *,
    check: OneCheck = None,
    interval: Annotated[str | None, Parameter(help="New time between two checks, such as 30s, 5m or 1d.")] = None,
    pause: Annotated[bool, Parameter(help="Check it no more until it is resumed.", negative="")] = False,
    resume: Annotated[bool, Parameter(help="Check it again.", negative="")] = False,
    group: Annotated[str | None, Parameter(help="Where it stands on the status page.")] = None,
    format: Format = "text",
    config: Config = None,
) -> int:
    """Change a watch: its interval, its group, or pause and resume it."""
    import msgspec

    from netassist.monitor.tools import edited

    wanted: dict[str, object] = {} if group is None else {"group": group}
    wanted |= {"enabled": resume} if pause != resume else {}
    words = [f"in group {group}"] if group else []
    words += ["paused" if pause else "resumed"] if pause != resume else []

    def work(store: Store, now: float, stamp: Stopwatch) -> Report:
        if interval is not None:
            wanted["interval"] = _seconds(interval)
            words.append(f"checked every {interval} from now on")
        if not wanted:
            raise ValueError("what is to be changed? For example: netassist monitor edit example.org --interval 1m")
        return edited(store, now, stamp, host, check, lambda watch: msgspec.structs.replace(watch, **wanted), " and ".join(words))

    return _shown(work, format, config, ("monitor_edit", {"host": host}))


@app.command
def remove(host: Host, /, *, check: OneCheck = None, format: Format = "text", config: Config = None) -> int:
    """Watch a host no more; its history stays."""
    from netassist.monitor.tools import removed

    asks = ("monitor_remove", {"host": host})
    return _shown(lambda store, now, stamp: removed(store, now, stamp, host, check), format, config, asks)


@app.command(name="list")
def list_(*, format: Format = "text") -> int:
    """Everything that is watched, and how it stands."""
    from netassist.monitor.tools import all_of

    return _shown(all_of, format)


@app.command
def history(
    host: Host,
    /,
    *,
    hours: Annotated[int, Parameter(help="How many hours back.", validator=validators.Number(gte=1, lte=87_840))] = 24,
    format: Format = "text",
) -> int:
    """How a host was: availability, response times, and what happened."""
    from netassist.monitor.tools import history_of

    return _shown(lambda store, now, stamp: history_of(store, now, stamp, host, hours), format)


@app.command
def alerts(
    *,
    status: Annotated[Literal["open", "acknowledged", "resolved", "all"], Parameter(help="Which alerts.")] = "open",
    format: Format = "text",
) -> int:
    """The alerts, open ones first."""
    from netassist.monitor.tools import alerts_of

    return _shown(lambda store, now, stamp: alerts_of(store, now, stamp, status), format)


@app.command
def ack(
    id: Annotated[str, Parameter(help="The alert's id, as `monitor alerts` lists it.")],
    /,
    *,
    by: Annotated[str | None, Parameter(help="Who takes it on; you where left out.")] = None,
) -> int:
    """Take an alert on: nobody is reminded of it any more."""
    import getpass

    from netassist.untrusted import as_text

    who = as_text(by or getpass.getuser(), 100)

    def work(store: Store, now: float, stamp: Stopwatch) -> int:
        alert = store.alert(id)
        if alert is None:
            raise ValueError(f"there is no alert {as_text(id, 40)!r}; netassist monitor alerts --status all lists them")
        if alert.status == "resolved":
            print(f"{alert.title}: it is over already")
            return CLEAN
        taken = store.acknowledge(id, who, now)
        print(f"{alert.title}: taken on by {taken.acknowledged_by if taken else who}")
        return CLEAN

    return _troubled(lambda: _in_store(work))


@app.command
def check(
    host: Host,
    /,
    *,
    check: Annotated[Check, Parameter(help="What to check.")],
    port: Annotated[int | None, Parameter(help="TCP port, where the check takes one.")] = None,
    format: Format = "text",
    config: Config = None,
) -> int:
    """Carry out one check now, and show how it is judged; nothing is recorded. A watch of that name lends its limits.

    Exits with 0 where it is up, 1 where it is degraded or down, 3 where that is unknown.
    """
    import asyncio
    import time

    from netassist.cli.monitor_shown import show_result
    from netassist.configuration import load
    from netassist.monitor.checks import Checker
    from netassist.monitor.tools import watch_of

    settings = load(config)

    def known(wanted: Watch) -> Watch:
        return _in_store(lambda store, _now, _stamp: next((one for one in store.watches() if one.key == wanted.key), wanted))

    def measured() -> int:
        watch = known(watch_of(host, check, port=port))
        return show_result(watch, asyncio.run(Checker(settings).check(watch, time.time())), format)

    return _troubled(measured)


@app.command
def export(
    *, output: Annotated[Path | None, Parameter(name=("-o", "--output"), help="A file instead of standard output.")] = None
) -> int:
    """Print all watches and maintenance windows as monitor.toml has them, those that were added too."""
    from netassist.monitor.plan_export import exported

    def work(store: Store, now: float, stamp: Stopwatch) -> int:
        text = exported(store.watches(), store.windows())
        if output is None:
            sys.stdout.write(text)
        else:
            output.write_text(text, encoding="utf-8")
        return CLEAN

    return _troubled(lambda: _in_store(work))


@app.command
def backup(file: Annotated[Path, Parameter(help="Where to; what stands there is replaced.")], /) -> int:
    """Copy the database of what is watched, its history and its alerts, also while the daemon works."""

    def work(store: Store, now: float, stamp: Stopwatch) -> int:
        store.backup(file)
        print(f"{store.where} is copied to {file}.")
        return CLEAN

    return _troubled(lambda: _in_store(work))


@windows.command(name="list")
def list_windows(*, format: Format = "text") -> int:
    """The maintenance windows."""
    from netassist.cli.monitor_shown import show_windows

    return _troubled(lambda: _in_store(lambda store, now, _stamp: show_windows(store.windows(), now, format)))


@windows.command(name="add")
def add_window(
    name: Annotated[str, Parameter(help="What it is known by; one of that name is replaced.")],
    *watches: Annotated[str, Parameter(help="Keys of watches, hosts or groups; everything where left out.")],
    lasts: Annotated[str, Parameter(help="How long, such as 2h.")],
    starts: Annotated[str | None, Parameter(help="When, such as 2026-12-01T22:00+01:00; now where left out.")] = None,
    weekly: Annotated[bool, Parameter(help="Again every week.", negative="")] = False,
) -> int:
    """Plan maintenance."""
    from netassist.cli.monitor_shown import window_of

    def work(store: Store, now: float, stamp: Stopwatch) -> int:
        window = window_of(name, watches, starts, lasts, weekly, now)
        store.put_window(window)
        print(f"{window.name}: nobody is told of {', '.join(watches) or 'anything'} in that time")
        return CLEAN

    return _troubled(lambda: _in_store(work))


@windows.command(name="remove")
def remove_window(name: Annotated[str, Parameter(help="Its name.")], /) -> int:
    """Take a maintenance window back."""

    def work(store: Store, now: float, stamp: Stopwatch) -> int:
        if not store.remove_window(name):
            raise ValueError(f"there is no maintenance window {name!r}; netassist monitor maintenance list shows them")
        print(f"{name}: taken back")
        return CLEAN

    return _troubled(lambda: _in_store(work))


def _shown(
    work: Callable[[Store, float, Stopwatch], Report],
    format: str,
    config: Path | None = None,
    asks: tuple[str, dict[str, str]] | None = None,
) -> int:
    """Do something with the store and show its report; what changes what is watched passes the gate, and is journaled."""
    from netassist.cli.output import show

    def done() -> int:
        if asks is not None:
            _admit(asks, config)
        report = _in_store(work)
        if asks is not None:
            _journal(asks, report)
        show(report, format)
        return CLEAN if report.status == "ok" else INCOMPLETE

    return _troubled(done)


class _Refused(Exception):
    """The gate does not let it through."""


def _admit(asks: tuple[str, dict[str, str]], config: Path | None) -> None:
    """Scope and read-only mode as for the assistant; whoever types the command has approved it."""
    import asyncio

    from netassist.assistant.gate import Refused, admit
    from netassist.configuration import load
    from netassist.toolbox import Call

    async def nobody(call: Call, risk: str) -> bool:
        return False

    try:
        asyncio.run(admit(Call(asks[0], dict(asks[1])), load(config), None, frozenset({"active", "change"}), nobody))
    except Refused as refused:
        kind = ValueError if refused.kind == "invalid" else _Refused
        raise kind(str(refused)) from None


def _journal(asks: tuple[str, dict[str, str]], report: Report) -> None:
    from netassist.assistant.journal import Journal, entry
    from netassist.configuration import state_folder
    from netassist.toolbox import Call

    journal, call = Journal(state_folder()), Call(asks[0], dict(asks[1]))
    journal.open()
    journal.write(entry(f"monitor {call}", "the user", call, "the command line", report))


def _in_store(work: Callable[[Store, float, Stopwatch], T]) -> T:
    import time

    from netassist.monitor.plan_file import store_of
    from netassist.monitor.store import open_store
    from netassist.observations import Stopwatch

    stamp = Stopwatch()
    with open_store(store_of()) as store:
        return work(store, time.time(), stamp)


def _troubled(work: Callable[[], int]) -> int:
    """The exit code; what went wrong is told in one line."""
    from netassist.monitor.store import StoreTrouble
    from netassist.observations import Failed

    codes = {_Refused: REFUSED, Failed: USAGE, ValueError: USAGE, StoreTrouble: INCOMPLETE, OSError: INCOMPLETE}
    return told(work, codes)


def _seconds(written: str) -> int:
    """Whole seconds of ``5m``; raises ValueError."""
    from netassist.monitor.times import seconds_of

    seconds = seconds_of(int(written) if written.isdigit() else written)
    if seconds != int(seconds):
        raise ValueError(f"{written!r} is no whole number of seconds")
    return int(seconds)


def _refuse_circle(store: Store, watch: Watch) -> None:
    """Raises ValueError where a watch would lie behind itself."""
    from netassist.monitor.states import cycle

    if circle := cycle({**{other.key: other for other in store.watches()}, watch.key: watch}):
        raise ValueError(f"these would lie behind one another: {' → '.join(circle)}")
