"""What `netassist doctor` looks at. Nobody is asked but this machine and the name server that it is set to ask."""

from __future__ import annotations

import asyncio
import os
import shutil
import stat
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

from netassist.cli.doctor import Check
from netassist.configuration import (
    BadConfiguration,
    Settings,
    cache_folder,
    configuration_file,
    data_folder,
    load,
    state_folder,
)
from netassist.untrusted import as_text

LITTLE = 200 * 10**6
"""Bytes of free space below which journal, sessions and heads of prompts soon have no place."""
_PATIENCE = 60.0
"""Seconds for a program, or for the model."""


def checks(config: Path | None, ca_file: Path | None) -> Iterator[Check]:
    """Every check in turn; one that breaks says so, and the others go on."""
    file = config or configuration_file()
    try:
        settings = load(config, ca_file)
        yield Check("configuration", "ok", f"{file}{'' if file.exists() else ' is not there: the defaults hold'}")
    except BadConfiguration as error:
        settings = Settings()
        yield Check("configuration", "fail", str(error), "mend that line; what follows was looked at with the defaults")
    everything: tuple[tuple[str, Callable[[Settings], Iterator[Check]]], ...] = (
        ("Nmap", _nmap), ("ICMP", _icmp), ("model", _model), ("backends", _backends), ("clock", _clock), ("names", _names),
        ("trust", _trust), ("folders", _folders), ("journal", _journal), ("own tools", _own_tools),
    )  # fmt: skip
    for name, look in everything:
        try:
            yield from look(settings)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is what is wrong here
            yield Check(name, "fail", as_text(f"{type(error).__name__}: {error}", 400))


def _nmap(settings: Settings) -> Iterator[Check]:
    from netassist.probes.privileges import may_open_raw_sockets

    program = shutil.which("nmap")
    if program is None:
        yield Check("Nmap", "fail", "not installed; nmap_scan and security_audit need it", "apt install nmap")
        return
    said = _printed([program, "--version"])
    version = said.splitlines()[0].split(" ( ")[0] if said else ""
    if version.startswith("Nmap"):
        yield Check("Nmap", "ok", as_text(f"{version} ({program})", 200))
    else:
        yield Check("Nmap", "fail", f"{program} does not run", "install it anew: apt install --reinstall nmap")
    count = _printed([program, "--script-help", "vuln"]).count("Categories:")
    if count:
        yield Check("Nmap's scripts", "ok", f"there, {count} of them for vulnerabilities")
    else:
        advice = "install Nmap's own package (apt install nmap)"
        yield Check("Nmap's scripts", "warn", "do not load, so profile=vuln and much of service finds nothing", advice)
    if may_open_raw_sockets(program):
        yield Check("Nmap's privileges", "ok", "raw sockets: SYN scans, operating systems and UDP work")
    else:
        command = f"sudo setcap cap_net_raw,cap_net_admin+eip {os.path.realpath(program)}"
        without = "no raw sockets: it connects instead, and the profiles os and udp do not work"
        yield Check("Nmap's privileges", "warn", without, f"run as root, or: {command}")


def _printed(command: list[str]) -> str:
    """What a program prints; empty where it fails or does not end."""
    try:
        return subprocess.run(  # noqa: S603 - a program found on PATH, and words of ours
            command, capture_output=True, text=True, errors="replace", timeout=_PATIENCE, stdin=subprocess.DEVNULL, check=True
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return ""


def _icmp(settings: Settings) -> Iterator[Check]:
    import socket

    range_file = Path("/proc/sys/net/ipv4/ping_group_range")
    groups = " to ".join(range_file.read_text(encoding="ascii").split()) if range_file.exists() else "not known"
    for name, family, protocol in (("ICMP", socket.AF_INET, 1), ("ICMP over IPv6", socket.AF_INET6, 58)):
        kinds = []
        for kind, words in ((socket.SOCK_DGRAM, "unprivileged"), (socket.SOCK_RAW, "raw")):
            try:
                socket.socket(family, kind, protocol).close()
                kinds.append(words)
            except OSError:
                continue
        if kinds:
            yield Check(name, "ok", f"{' and '.join(kinds)} sockets (ping_group_range: {groups})")
        else:
            mend = 'sudo sysctl -w net.ipv4.ping_group_range="0 2147483647"'
            yield Check(name, "warn", f"no socket may be opened (ping_group_range: {groups}); ping uses TCP instead", mend)


def _model(settings: Settings) -> Iterator[Check]:
    from netassist.backends.testllm import BUILT_IN

    yield asyncio.run(_planned("built-in model", None, settings))
    if not settings.model.file:
        yield Check("chosen model", "ok", "the built-in one")
        return
    from netassist.cli.backend import _located
    from netassist.llama.download import check_gguf
    from netassist.observations import Failed

    try:
        file = _located(Path(settings.model.file).expanduser(), "[model] file")
        header = check_gguf(file)
        yield Check("chosen model", "ok", f"{file}: {header.architecture}, whole by its length; it was not loaded")
    except (BadConfiguration, Failed) as error:
        yield Check("chosen model", "fail", str(error), f"netassist models use built-in ({BUILT_IN.name} is always there)")


async def _planned(name: str, file: Path | None, settings: Settings) -> Check:
    """Whether a model plans a request that has one right answer."""
    from time import monotonic

    from netassist.backends.planning import BackendError
    from netassist.backends.testllm import TestLlm
    from netassist.toolbox import Call, built_in

    backend, began = TestLlm(file, settings.model.threads), monotonic()
    mend = "install netassist anew: pip install --force-reinstall netassist"
    try:
        async with asyncio.timeout(_PATIENCE):
            made = await backend.plan("ping 192.0.2.1", (), list(built_in().values()), {})
    except (BackendError, TimeoutError) as error:
        return Check(name, "fail", as_text(str(error), 400) or f"no plan within {_PATIENCE:.0f} s", mend)
    finally:
        await backend.close()
    if made.calls != (Call("ping", {"host": "192.0.2.1"}),):
        return Check(name, "fail", f"plans {', '.join(map(str, made.calls)) or 'nothing'} for “ping 192.0.2.1”", mend)
    return Check(name, "ok", f"loaded, and planned a request within {monotonic() - began:.1f} s")


def _backends(settings: Settings) -> Iterator[Check]:
    from netassist.backends.ledger import Ledger
    from netassist.backends.overview import overview

    for standing in overview(settings, Ledger(state_folder())).backends:
        if not standing.rung or standing.name == "testllm":
            continue
        found = f"{standing.model} on {standing.where}: {standing.state.replace('_', ' ')}"
        found += f"; {standing.why}" if standing.why else f"; key {standing.key}"
        states = {"ready": "ok", "no_key": "fail"}
        mend = {
            "no_key": "set the key, or take it out of `backends`; docs/backends.md says where keys may be",
            "left_alone": "netassist backends --retry",
            "budget_spent": f"raise its budget in [{standing.name}], or wait",
        }
        hidden = standing.state == "ready" and "is seen when it is asked" in standing.why
        state = "unknown" if hidden else states.get(standing.state, "warn")
        yield Check(f"backend {standing.name}", state, as_text(found, 500), mend.get(standing.state))  # type: ignore[arg-type]
    if settings.backends == ("testllm",):
        yield Check("backends", "ok", "the local model alone; nothing leaves this machine to be planned")


def _clock(settings: Settings) -> Iterator[Check]:
    """The kernel knows whether something keeps its clock (adjtimex(2)); certificates are judged by it."""
    import time

    mend = "set the clock: timedatectl set-ntp true, or chrony"
    written = max(path.stat().st_mtime for path in Path(__file__).parent.glob("*.py"))
    if time.time() < written - 86400:
        yield Check("clock", "fail", f"{time.strftime('%Y-%m-%d %H:%M')}, which is before this program was installed", mend)
        return
    error = _kept_within()
    if error is not None:
        yield Check("clock", "ok", f"kept by a time service, right to {error:.3f} s by the kernel's estimate")
    else:
        yield Check("clock", "unknown", "the kernel is told of no time service, so whether it is right cannot be told", mend)


def _kept_within() -> float | None:
    """The kernel's bound of the clock's error in seconds; None where it is not kept, or does not tell."""
    import ctypes

    class Timex(ctypes.Structure):
        """The head of ``struct timex`` (linux/timex.h), and room for the rest."""

        _fields_ = (
            ("modes", ctypes.c_uint), ("offset", ctypes.c_long), ("frequency", ctypes.c_long), ("most", ctypes.c_long),
            ("estimate", ctypes.c_long), ("status", ctypes.c_int), ("rest", ctypes.c_char * 256),
        )  # fmt: skip

    unsynchronised, error_state = 0x40, 5
    try:
        held = Timex()
        state = ctypes.CDLL(None).adjtimex(ctypes.byref(held))
    except (OSError, AttributeError):
        return None
    return None if state in (-1, error_state) or held.status & unsynchronised else held.most / 1e6


def _names(settings: Settings) -> Iterator[Check]:
    from netassist.network import Network
    from netassist.probes.dns import dns_lookup
    from netassist.scope import Scope

    network = Network(Scope(), timeout=4.0, deadline=10.0, resolver=settings.resolver)
    report = asyncio.run(dns_lookup(network, "localhost", "A"))
    asked = report.resolver or settings.resolver or "the system's name server"
    if report.error is not None and report.rcode is None:
        mend = "name one that answers: `resolver` in the configuration, or /etc/resolv.conf"
        yield Check("name server", "fail", as_text(report.error.message, 300), mend)
        return
    speed = f" in {report.response_ms:.0f} ms" if report.response_ms is not None else ""
    yield Check("name server", "ok", as_text(f"{asked} answers{speed}; what it says of other names was not tried", 300))


def _trust(settings: Settings) -> Iterator[Check]:
    import ssl

    import certifi

    paths = ssl.get_default_verify_paths()
    count = _anchors(Path(paths.cafile) if paths.cafile else None)
    hashed = sum(1 for _ in Path(paths.capath).glob("*.0")) if paths.capath else 0
    if count or hashed:
        yield Check("trust store", "ok", f"{max(count, hashed)} authorities in {paths.cafile or paths.capath}")
    else:
        own = _anchors(Path(certifi.where()))
        mend = "apt install ca-certificates"
        yield Check("trust store", "warn", f"the system has none; Mozilla's {own} authorities (certifi) are used", mend)
    if settings.ca_file:
        file = Path(settings.ca_file).expanduser()
        yield Check("own authorities", "ok", f"{_anchors(file)} in {file}")


def _anchors(file: Path | None) -> int:
    return file.read_bytes().count(b"-----BEGIN CERTIFICATE-----") if file is not None and file.is_file() else 0


def _folders(settings: Settings) -> Iterator[Check]:
    named = (("configuration", configuration_file().parent), ("state", state_folder()), ("models", data_folder()))
    for name, folder in (*named, ("cache", cache_folder())):
        yield _folder(f"folder of {name}", folder, written=name != "configuration")


def _folder(name: str, folder: Path, *, written: bool) -> Check:
    there = next(above for above in (folder, *folder.parents) if above.exists())
    if not there.is_dir():
        return Check(name, "fail", f"{there} is no folder", "move it away")
    if written and not os.access(there, os.W_OK | os.X_OK):
        return Check(name, "fail", f"{there} cannot be written to", f"chown or chmod {there}, or set the XDG variable")
    if there != folder:
        return Check(name, "ok", f"{folder} will be made when it is needed")
    about, free = folder.stat(), shutil.disk_usage(folder).free
    if about.st_uid not in (os.geteuid(), 0) or about.st_mode & 0o022:
        return Check(name, "fail", f"{folder}: others may write to it ({stat.filemode(about.st_mode)})", f"chmod 700 {folder}")
    if written and about.st_mode & 0o077:
        return Check(name, "warn", f"{folder}: others may look into it ({stat.filemode(about.st_mode)})", f"chmod 700 {folder}")
    if written and free < LITTLE:
        return Check(name, "warn", f"{folder}: {free / 1e6:,.0f} MB are free on its disk", "make room")
    return Check(name, "ok", f"{folder} ({stat.filemode(about.st_mode)}, {free / 1e9:,.1f} GB free)")


def _journal(settings: Settings) -> Iterator[Check]:
    from netassist.assistant.chain import verify

    found = verify(state_folder())
    if found.problems:
        mend = "netassist journal verify tells all of it; keep a copy, and find out who wrote to it"
        yield Check("journal", "fail", as_text(found.problems[0], 400), mend)
    elif found.head.number:
        yield Check("journal", "ok", f"{found.head.number:,} entries, none changed or left out")
    else:
        yield Check("journal", "ok", "no entry yet")


def _own_tools(settings: Settings) -> Iterator[Check]:
    from netassist.added_tools import added

    for problem in added().problems:
        yield Check("own tools", "warn", problem, "mend the file, or take it away")
    if added().tools:
        yield Check("own tools", "ok", f"{len(added().tools)}: {', '.join(tool.name for tool in added().tools)}")
    for name, choice in (("turbollm", settings.turbollm), ("hugllm", settings.hugllm)):
        if name in settings.backends and choice.key_command and shutil.which(choice.key_command[0]) is None:
            missing = f"there is no program {choice.key_command[0]}"
            yield Check(f"key of {name}", "fail", missing, "install it, or mend key_command")
