"""``netassist monitor``: what is watched, how it stands, who has taken an alert on; with the daemon running or not."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import App, Parameter, validators

from netassist.cli.exits import CLEAN
from netassist.cli.monitored import Change, changed, entered, in_store, seconds, shown, troubled
from netassist.cli.options import Config, Format
from netassist.monitor.watch import Check

if TYPE_CHECKING:
    from netassist.monitor.store import Store
    from netassist.monitor.watch import Watch
    from netassist.observations import Report, Stopwatch

Host = Annotated[str, Parameter(help="Host name, address or URL.", allow_leading_hyphen=False)]
Watched = Annotated[
    str, Parameter(help="Host name, address or URL; or one watch, as `monitor list` names it.", allow_leading_hyphen=False)
]
OnePort = Annotated[int | None, Parameter(help="Only what is watched at this port, be it the check's usual one.")]
OneCheck = Annotated[Check | None, Parameter(help="Which of its checks; all where left out.")]
Interval = Annotated[
    str | None, Parameter(help="Time between two checks, such as 30s, 5m or 1d; 5m where left out.", allow_leading_hyphen=True)
]

app = App(name="monitor", help_format="plaintext", help_formatter="plain")
_CHANGES = ("monitor_add", "monitor_edit", "monitor_remove", "monitor_check", "alert_ack", "maintenance_", "daemon_", "token_")
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
    interval: Interval = None,
    failures: Annotated[int | None, Parameter(help="Bad results, of the last --of, before it counts as bad; else 2.")] = None,
    of: Annotated[int | None, Parameter(help="Results that are looked back on; else 3.")] = None,
    group: Annotated[str | None, Parameter(help="Where it stands on the status page.")] = None,
    parent: Annotated[
        tuple[str, ...],
        Parameter(help="A host or a watch behind which it lies; may be repeated.", consume_multiple=False, negative=""),
    ] = (),
    slow_ms: Annotated[float | None, Parameter(help="Degraded from this response time on.")] = None,
    too_slow_ms: Annotated[float | None, Parameter(help="Down from this response time on.")] = None,
    loss: Annotated[float | None, Parameter(help="icmp: degraded from this fraction of lost requests on.")] = None,
    days: Annotated[int | None, Parameter(help="Degraded below so many days to the certificate's end; else 21.")] = None,
    last_days: Annotated[
        int | None, Parameter(help="Down below so many days to it; else 7 for certificate, and when it has expired for others.")
    ] = None,
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
    """Watch a host from now on. What is watched already is changed in what is given; all else of it stays.

    A certificate that an authority of your own has signed is trusted where config.toml names that one as ca_file.
    """
    import msgspec

    from netassist.monitor.tools import added, watch_of

    given = {"slow_ms": slow_ms, "too_slow_ms": too_slow_ms, "loss": loss, "days": days, "last_days": last_days, "grade": grade,
            "ports": ports, "status": status, "content": content, "record_type": record_type, "record": record}  # fmt: skip
    limits = {name: value for name, value in {**given, "post_quantum": post_quantum or None}.items() if value is not None}
    about = {"failures": failures, "of": of, "group": group, "parents": parent or None}

    def work(store: Store, now: float, stamp: Stopwatch) -> Report:
        from netassist.monitor.validity import check_given

        settings = {name: value for name, value in about.items() if value is not None}
        if interval is not None:
            settings["interval"] = seconds(interval)

        def change(watch: Watch) -> Watch:
            held = msgspec.structs.replace(watch.limits, **limits)
            return msgspec.structs.replace(watch, limits=held, enabled=True, **settings)

        watch = watch_of(host, check, port=port)
        check_given(limits, (watch.check,))
        return added(store, now, stamp, watch, change)

    values = {"port": port, "interval": interval, **about, **limits}
    return changed(Change("monitor_add", host, check, values), work, format, config)


@app.command
def edit(
    host: Watched,
    /,
    *,
    check: OneCheck = None,
    port: OnePort = None,
    interval: Annotated[
        str | None, Parameter(help="New time between two checks, such as 30s, 5m or 1d.", allow_leading_hyphen=True)
    ] = None,
    pause: Annotated[bool, Parameter(help="Check it no more until it is resumed.", negative="")] = False,
    resume: Annotated[bool, Parameter(help="Check it again.", negative="")] = False,
    group: Annotated[str | None, Parameter(help="Where it stands on the status page.")] = None,
    format: Format = "text",
    config: Config = None,
) -> int:
    """Change a watch: its interval, its group, or pause and resume it."""
    import msgspec

    from netassist.monitor.tools import edited
    from netassist.reports.text.monitor_words import every

    wanted: dict[str, object] = {} if group is None else {"group": group}
    wanted |= {"enabled": resume} if pause != resume else {}
    words = [f"in group {group}"] if group else []
    words += ["paused" if pause else "resumed"] if pause != resume else []

    def work(store: Store, now: float, stamp: Stopwatch) -> Report:
        if interval is not None:
            wanted["interval"] = seconds(interval)
            words.append(f"checked {every(seconds(interval))} from now on")
        if not wanted:
            raise ValueError("what is to be changed? For example: netassist monitor edit example.org --interval 1m")
        said = " and ".join(words)
        return edited(store, now, stamp, host, check, lambda watch: msgspec.structs.replace(watch, **wanted), said, port)

    values = {"port": port, "interval": interval, "group": group, "pause": pause or None, "resume": resume or None}
    return changed(_of(host, "monitor_edit", check, values), work, format, config)


@app.command
def remove(
    host: Watched, /, *, check: OneCheck = None, port: OnePort = None, format: Format = "text", config: Config = None
) -> int:
    """Watch a host no more; its history stays."""
    from netassist.monitor.tools import removed

    change = _of(host, "monitor_remove", check, {"port": port})
    return changed(change, lambda store, now, stamp: removed(store, now, stamp, host, check, port), format, config)


@app.command(name="list")
def list_(
    *,
    group: Annotated[str | None, Parameter(help="Only what stands in this group.")] = None,
    format: Format = "text",
    json: Annotated[bool, Parameter(name="--json", help="The same as -f json.", negative="")] = False,
) -> int:
    """Everything that is watched, and how it stands."""
    from netassist.monitor.tools import all_of

    return shown(lambda store, now, stamp: all_of(store, now, stamp, group), "json" if json else format)


@app.command
def log(
    *,
    last: Annotated[
        int, Parameter(name=("-n", "--last"), help="How many changes.", validator=validators.Number(gte=1, lte=100_000))
    ] = 20,
    format: Format = "text",
) -> int:
    """Who changed what is watched, and when the daemon began and ended: the entries of the journal about that."""
    from netassist.cli.journal import print_latest
    from netassist.cli.monitor_shown import change_lines

    return print_latest(last, format, lambda name: name.startswith(_CHANGES), change_lines, "Nothing has been changed yet.")


@app.command
def history(
    host: Watched,
    /,
    *,
    hours: Annotated[int, Parameter(help="How many hours back.", validator=validators.Number(gte=1, lte=87_840))] = 24,
    format: Format = "text",
) -> int:
    """How a host was: availability, response times, and what happened; also of what is watched no more."""
    from netassist.monitor.tools import history_of

    return shown(lambda store, now, stamp: history_of(store, now, stamp, host, hours), format)


@app.command
def alerts(
    *,
    status: Annotated[Literal["open", "acknowledged", "resolved", "all"], Parameter(help="Which alerts.")] = "open",
    format: Format = "text",
) -> int:
    """The alerts, open ones first."""
    from netassist.monitor.tools import alerts_of

    return shown(lambda store, now, stamp: alerts_of(store, now, stamp, status), format)


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
        if alert.status == "acknowledged" and alert.acknowledged_by != who:
            raise ValueError(f"{alert.title}: {alert.acknowledged_by} has taken it on already; it was left so")
        taken = store.acknowledge(id, who, now)
        print(f"{alert.title}: taken on by {taken.acknowledged_by if taken else who}")
        return CLEAN

    return troubled(lambda: entered("alert_acknowledge", {"id": id, "by": who}, lambda: in_store(work)))


@app.command
def check(
    host: Watched,
    /,
    check: Annotated[Check | None, Parameter(help="What to check; all that is watched of it where left out.")] = None,
    *,
    port: Annotated[int | None, Parameter(help="TCP port, where the check takes one.")] = None,
    format: Format = "text",
    config: Config = None,
) -> int:
    """Carry out a check now, and show how it is judged. The daemon does it, and records it, where one runs and it is watched.

    Exits with 0 where it is up, 1 where it is degraded or down, 3 where that is unknown.
    """
    from netassist.cli.monitor_check import checked

    return troubled(lambda: checked(host, check, port, format, config))


@app.command
def export(
    *, output: Annotated[Path | None, Parameter(name=("-o", "--output"), help="A new file instead of standard output.")] = None
) -> int:
    """Print all watches and maintenance windows as monitor.toml has them, those that were added too."""
    from netassist.monitor.plan_export import exported

    def work(store: Store, now: float, stamp: Stopwatch) -> int:
        text = exported(store.watches(), store.windows())
        if output is None:
            sys.stdout.write(text)
            return CLEAN
        try:
            with output.open("x", encoding="utf-8") as file:
                file.write(text)
        except FileExistsError:
            what = "channels, the page and all else that it may say besides are not among what is exported"
            raise ValueError(f"{output} is there already, and is left as it is: {what}; name a new file") from None
        return CLEAN

    return troubled(lambda: in_store(work))


@app.command
def backup(file: Annotated[Path, Parameter(help="Where to; what stands there is replaced.")], /) -> int:
    """Copy the database of what is watched, its history and its alerts, also while the daemon works."""

    def work(store: Store, now: float, stamp: Stopwatch) -> int:
        store.backup(file)
        print(f"{store.where} is copied to {file}.")
        return CLEAN

    return troubled(lambda: in_store(work))


@windows.command(name="list")
def list_windows(*, format: Format = "text") -> int:
    """The maintenance windows."""
    from netassist.cli.monitor_shown import show_windows

    return troubled(lambda: in_store(lambda store, now, _stamp: show_windows(store.windows(), now, format)))


@windows.command(name="add")
def add_window(
    name: Annotated[str, Parameter(help="What it is known by; one of that name is replaced.")],
    *watches: Annotated[str, Parameter(help="Keys of watches, hosts or groups; everything where left out.")],
    lasts: Annotated[str, Parameter(help="How long, such as 2h.", allow_leading_hyphen=True)],
    starts: Annotated[str | None, Parameter(help="When, such as 2026-12-01T22:00+01:00; now where left out.")] = None,
    weekly: Annotated[bool, Parameter(help="Again every week.", negative="")] = False,
) -> int:
    """Plan maintenance."""
    from netassist.cli.monitor_shown import window_of
    from netassist.monitor.times import stamp as written
    from netassist.monitor.validity import check_names

    def work(store: Store, now: float, stamp: Stopwatch) -> int:
        window = window_of(name, watches, starts, lasts, weekly, now)
        check_names(watches, store.watches(), groups=True)
        store.put_window(window)
        again = ", and every week at that time" if weekly else ""
        when = f"from {written(window.starts)} to {written(window.ends)}{again}"
        print(f"{window.name}: nobody is told of {', '.join(watches) or 'anything'} {when}")
        return CLEAN

    values = {"name": name, "watches": watches, "starts": starts, "lasts": lasts, "weekly": weekly or None}
    return troubled(lambda: entered("maintenance_add", values, lambda: in_store(work)))


@windows.command(name="remove")
def remove_window(name: Annotated[str, Parameter(help="Its name.")], /) -> int:
    """Take a maintenance window back."""

    def work(store: Store, now: float, stamp: Stopwatch) -> int:
        if not store.remove_window(name):
            raise ValueError(f"there is no maintenance window {name!r}; netassist monitor maintenance list shows them")
        print(f"{name}: taken back")
        return CLEAN

    return troubled(lambda: entered("maintenance_remove", {"name": name}, lambda: in_store(work)))


def _of(host: str, tool: str, check: str | None, values: Mapping[str, object]) -> Change:
    """A change of what is watched of a host; of a watch's key its host is what the gate decides on."""
    return Change(tool, host.split(" ")[1], host.split(" ")[0], values) if " " in host else Change(tool, host, check, values)
