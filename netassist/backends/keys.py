"""API keys: where they are found, and a type that shows none.

A key is bound to where it is sent: the usual variable (``OPENAI_API_KEY``, ``HF_TOKEN``) serves the usual address alone, and the
keyring's entry is filed under the host, so that another base URL does not get a key that was meant for somebody else.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import Sequence
from typing import NamedTuple, NoReturn

from netassist.backends.trouble import RemoteError

LONGEST_KEY = 4096
COMMAND_SECONDS = 30.0
SERVICE = "netassist"
"""The keyring's name for us; the user name is the host that the key is for."""


class Key:
    """An API key. It prints as ``Key(…)``, and cannot be pickled or compared by its text."""

    __slots__ = ("__value", "source")

    def __init__(self, value: str, source: str) -> None:
        self.__value, self.source = value, source

    def __repr__(self) -> str:
        return "Key(…)"

    def __format__(self, spec: str) -> str:
        return repr(self)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a key is not written down")

    def authorization(self) -> str:
        """The value of the Authorization header (RFC 6750, section 2.1)."""
        return f"Bearer {self.__value}"

    def hidden_in(self, text: str) -> str:
        """`text`, in which a server may have repeated the key, without it."""
        return text.replace(self.__value, "…")


class KeySource(NamedTuple):
    """Where a backend's key comes from, the first that is named: a command, a variable, the keyring under `host`.

    `required`: the host takes nobody without one. `variable_named`: by the user, so that its absence is a mistake.
    """

    host: str
    command: tuple[str, ...] = ()
    variable: str | None = None
    variable_named: bool = False
    keyring: bool = False
    required: bool = False

    def __str__(self) -> str:
        """In words, fit to be shown; nothing is looked up but whether a variable is set."""
        if self.command:
            return f"from the command {os.path.basename(self.command[0])}"
        if self.variable and (self.variable_named or self.is_set):
            return f"from {self.variable}{'' if self.is_set else ', which is not set'}"
        if self.keyring:
            return f"from the keyring ({SERVICE}, {self.host})"
        return "none"

    @property
    def is_set(self) -> bool:
        """Whether there is a variable that holds it."""
        return bool(self.variable and os.environ.get(self.variable))


def keyring_command(service: str, user: str) -> tuple[str, ...]:
    """Prints the keyring's entry, in a process of its own, which can be given up where the keyring waits for a password."""
    return (sys.executable, "-P", "-m", "keyring", "get", service, user)  # -P: not from the current folder


async def found(source: KeySource, name: str) -> Key | None:
    """The key of the backend `name`; None where the server takes requests without.

    Raises:
        RemoteError: there is none where one is needed, or what should give it does not.
    """
    if source.command:
        printed = await _printed(source.command)
        if printed is None:
            program = os.path.basename(source.command[0])
            raise _none(f"{name}: key_command ({program}) printed no key", "run it by hand to see why")
        return Key(_checked(printed, name, "what key_command prints"), "key_command")
    if source.variable and (value := os.environ.get(source.variable, "").strip()):
        return Key(_checked(value, name, source.variable), source.variable)
    if source.variable and source.variable_named:
        raise _none(f"{name}: {source.variable} is not set", "set it to the key, or name another with key_env")
    if source.keyring and (value := await _printed(keyring_command(SERVICE, source.host)) or ""):
        return Key(_checked(value, name, "the keyring's entry"), "the keyring")
    if source.required:
        ways = f"set {source.variable}, " if source.variable else ""
        advice = f"{ways}name a key_command, or type: keyring set {SERVICE} {source.host}"
        raise _none(f"{name} has no key for {source.host}", advice)
    return None


def _checked(value: str, name: str, where: str) -> str:
    if any(not 32 < ord(character) < 127 for character in value) or len(value) > LONGEST_KEY:
        raise _none(f"{name}: {where} holds characters that no key has", "look at it")
    return value


def _none(what: str, advice: str) -> RemoteError:
    return RemoteError(what, advice, "key", retry_after=0)


async def _printed(command: Sequence[str]) -> str | None:
    """The first line that a program prints; None where it fails, is silent, or takes too long."""
    try:
        process = await asyncio.create_subprocess_exec(
            *command, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
        )
    except (OSError, ValueError):
        return None
    assert process.stdout is not None  # noqa: S101 - a pipe was asked for
    try:
        async with asyncio.timeout(COMMAND_SECONDS):
            printed = await process.stdout.read(LONGEST_KEY + 1)
            code = await process.wait()
    except TimeoutError:
        return None
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    lines = printed.decode("utf-8", "replace").splitlines()
    return lines[0].strip() or None if code == 0 and lines else None
