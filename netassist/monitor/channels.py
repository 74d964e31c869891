"""The ways to people: ``[[channel]]`` of monitor.toml, and where each one's secret address comes from."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import msgspec

from netassist.monitor.alert import Level
from netassist.monitor.times import seconds_of

LONGEST_URL = 4096
SERVICE = "netassist-monitor"
"""The keyring's name for us; the user name is the channel's."""


class Channel(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One ``[[channel]]``. It prints without its URL, in which secrets stand.

    Args:
        name: what it is known by.
        kind: ``apprise`` for mail, chat and whatever else has an Apprise URL; ``webhook`` for a signed JSON POST of our own.
        url, url_env, url_file, url_keyring: the address itself, the variable or the file that holds it, or that the keyring does
            (service ``netassist-monitor``, user the channel's name). Exactly one.
        secret_env, secret_file: the key that a webhook is signed with, at least 16 characters; without one it is not signed.
        ca_file: PEM certificates that a webhook's server is trusted by, instead of the usual ones.
        levels: of the alerts that it is told of.
        groups: of the watches that it is told of; all where left out.
        repeat: after what time (``4h``) an alert that is open and that nobody took on is told again; never where left out.
        wait: how long what comes together is gathered before it is told.
        brief: ``skip`` what was over before it was told, or have it ``told``.
        resolved: whether it is told that an alert is over.
        quiet: whether the quiet hours count here.
        timeout: seconds for one try.
    """

    name: str
    kind: Literal["apprise", "webhook"] = "apprise"
    url: str = ""
    url_env: str = ""
    url_file: str = ""
    url_keyring: bool = False
    secret_env: str = ""
    secret_file: str = ""
    ca_file: str = ""
    levels: tuple[Level, ...] = ("critical", "warning")
    groups: tuple[str, ...] = ()
    repeat: str | int = ""
    wait: str | int = 30
    brief: Literal["skip", "told"] = "skip"
    resolved: bool = True
    quiet: bool = True
    timeout: float = 20.0

    def __post_init__(self) -> None:
        if re.fullmatch(r"[\w.-]{1,64}", self.name) is None:
            raise ValueError(f"channel name {self.name!r} is not 1 to 64 letters, digits, dots, dashes and underscores")
        if sum(map(bool, (self.url, self.url_env, self.url_file, self.url_keyring))) != 1:
            raise ValueError(f"channel {self.name} needs one of url, url_env, url_file and url_keyring")
        if self.secret_env and self.secret_file:
            raise ValueError(f"channel {self.name} needs one of secret_env and secret_file")
        if self.kind != "webhook" and (self.secret_env or self.secret_file or self.ca_file):
            raise ValueError(f"channel {self.name}: secret_env, secret_file and ca_file are for kind = \"webhook\"")
        if self.url and not re.match(r"https?://" if self.kind == "webhook" else r"[A-Za-z][\w+.-]*://", self.url):
            raise ValueError(f"channel {self.name}: url is no {'http or https' if self.kind == 'webhook' else 'Apprise'} URL")
        if not 1 <= self.timeout <= 120:
            raise ValueError(f"channel {self.name}: timeout is between 1 and 120 seconds")
        if self.repeat and seconds_of(self.repeat) < 60:
            raise ValueError(f"channel {self.name}: repeat is at least 60 seconds")
        if seconds_of(self.wait) > 3600:
            raise ValueError(f"channel {self.name}: wait is at most an hour")

    def __repr__(self) -> str:
        return f"Channel(name={self.name!r}, kind={self.kind!r}, url=…)"

    @property
    def source(self) -> str:
        """Where its address comes from, in words that hold no secret."""
        if self.url_env:
            return f"from {self.url_env}"
        return f"from {self.url_file}" if self.url_file else "from the keyring" if self.url_keyring else "from monitor.toml"


class ChannelTrouble(Exception):
    """A channel cannot be used; the message says why and what to do, and holds no secret."""


def address_of(channel: Channel) -> str:
    """The channel's URL, looked up now. It may wait for the keyring, so it is called in a thread. Raises ChannelTrouble."""
    if channel.url_keyring:
        found = _from_keyring(channel.name)
    else:
        found = channel.url or _looked_up(channel, channel.url_env, channel.url_file)
    wanted = r"https?://\S+" if channel.kind == "webhook" else r"[A-Za-z][\w+.-]*://\S+"
    if len(found) > LONGEST_URL or re.fullmatch(wanted, found) is None:
        raise ChannelTrouble(f"channel {channel.name}: what is found {channel.source} is no URL of kind {channel.kind}")
    return found


def secret_of(channel: Channel) -> bytes | None:
    """The key that a webhook is signed with; None where it is not. Raises ChannelTrouble."""
    if not (channel.secret_env or channel.secret_file):
        return None
    found = _looked_up(channel, channel.secret_env, channel.secret_file)
    if len(found) < 16:
        raise ChannelTrouble(f"channel {channel.name}: its secret has less than 16 characters; `openssl rand -hex 32` makes one")
    return found.encode()


def unusable(channels: Sequence[Channel]) -> list[str]:
    """Why channels cannot be used as things stand; the keyring is not asked, since it may wait for a password."""
    found = []
    for channel in channels:
        try:
            if not channel.url_keyring:
                address_of(channel)
            secret_of(channel)
        except ChannelTrouble as trouble:
            found.append(str(trouble))
    return found


def _looked_up(channel: Channel, variable: str, file: str) -> str:
    if variable:
        found = os.environ.get(variable, "").strip()
        if not found:
            raise ChannelTrouble(f"channel {channel.name}: {variable} is not set")
        return found
    path = Path(file).expanduser()
    try:
        with path.open(encoding="utf-8") as opened:
            found = opened.read(LONGEST_URL + 1).strip()
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is not text"
        raise ChannelTrouble(f"channel {channel.name}: {path} cannot be read: {why}") from None
    if not found:
        raise ChannelTrouble(f"channel {channel.name}: {path} is empty")
    return found


def _from_keyring(name: str) -> str:
    import subprocess

    from netassist.backends.keys import keyring_command

    command = keyring_command(SERVICE, name)
    try:
        ended = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=30, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        ended = None
    lines = ended.stdout.decode("utf-8", "replace").splitlines() if ended is not None and ended.returncode == 0 else []
    if not (lines and lines[0].strip()):
        raise ChannelTrouble(f"channel {name}: the keyring has no entry; type: keyring set {SERVICE} {name}")
    return lines[0].strip()
