"""The settings of backends that are not on this machine: the tables [turbollm] and [hugllm] of the configuration."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal
from urllib.parse import urlsplit

import msgspec

BackendId = Literal["testllm", "hugllm", "turbollm"]
BACKENDS: tuple[BackendId, ...] = ("testllm", "hugllm", "turbollm")
REMOTE: tuple[BackendId, ...] = ("turbollm", "hugllm")
Privacy = Literal["off", "redact"]
PRIVACY: tuple[Privacy, ...] = ("off", "redact")


class RemoteChoice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One remote backend. What is left out is as `DEFAULTS` say.

    `base_url` ends with ``/v1``. `key_env` names a variable, `key_command` a program and its arguments, run without a shell;
    `keyring` looks the key up there under the host's name. `ca_file` holds the authorities that the server's certificate may be
    of besides the system's. Prices are for a million tokens, in the money of `money_a_day`. What a day leaves over is carried
    on, up to `carry_over_days` times a day's budget. A server has `first_byte_s` seconds to begin its answer, `total_s` to end
    it.
    """

    base_url: str | None = None
    model: str | None = None
    key_env: str | None = None
    key_command: tuple[str, ...] = ()
    keyring: bool = False
    ca_file: str | None = None
    tokens_a_day: int | None = None
    money_a_day: float | None = None
    price_read: float | None = None
    price_written: float | None = None
    carry_over_days: int = 0
    first_byte_s: int = 60
    total_s: int = 180


class Defaults(msgspec.Struct, frozen=True):
    """Where a remote backend is unless the user says otherwise; `key_env` serves `base_url` alone."""

    base_url: str
    model: str
    key_env: str


DEFAULTS: Mapping[BackendId, Defaults] = {
    "turbollm": Defaults("https://api.openai.com/v1", "gpt-4o-mini", "OPENAI_API_KEY"),
    "hugllm": Defaults("https://router.huggingface.co/v1", "openai/gpt-oss-120b", "HF_TOKEN"),
}

KINDS: dict[str, type] = {
    "base_url": str, "model": str, "key_env": str, "key_command": list, "keyring": bool, "ca_file": str, "tokens_a_day": int,
    "money_a_day": float, "price_read": float, "price_written": float, "carry_over_days": int, "first_byte_s": int,
    "total_s": int,
}  # fmt: skip
_LEAST = {"tokens_a_day": 1, "carry_over_days": 0, "first_byte_s": 1, "total_s": 1, "price_read": 0, "price_written": 0}


def unusable(values: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """Values of one table that are of the right type and mean nothing: the setting, and what is wrong with it."""
    for name, value in values.items():
        if isinstance(value, int | float) and value < _LEAST.get(name, value):
            yield name, f"{name} {value} is less than {_LEAST[name]}"
    if (money := values.get("money_a_day")) is not None:
        if isinstance(money, int | float) and not 0 < money < 1e12:
            yield "money_a_day", f"money_a_day {money} is no amount"
        if not (values.get("price_read") or values.get("price_written")):
            yield "money_a_day", "money_a_day needs price_read and price_written, which say what a million tokens cost"
    if (base_url := values.get("base_url")) is not None and (wrong := _wrong_url(str(base_url))):
        yield "base_url", f"base_url {wrong}"
    for name in ("model", "key_env"):
        if name in values and not str(values[name]).strip():
            yield name, f"{name} is empty"
    if "key_env" in values and not str(values["key_env"]).isidentifier():
        yield "key_env", "key_env is the name of an environment variable, not a key"
    if values.get("key_command") == []:
        yield "key_command", "key_command is empty"


def unusable_order(order: object) -> Iterator[tuple[str, str]]:
    """Entries of `backends` that cannot be, and why."""
    names = list(order) if isinstance(order, list) else []
    if not names:
        yield "", f"backends is empty; name one or more of {', '.join(BACKENDS)}"
    for place, name in enumerate(names):
        if name not in BACKENDS:
            yield str(name), f"there is no backend {name!r}; there are {', '.join(BACKENDS)}"
        elif name in names[:place]:
            yield str(name), f"backends names {name} twice"


def _wrong_url(url: str) -> str | None:
    """What is wrong with an address; it is not repeated, because it may hold a password."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return "is not a URL"
    if parts.scheme not in ("http", "https") or not host:
        return "is no http or https URL, such as http://127.0.0.1:8000/v1"
    if parts.username is not None or parts.password is not None:
        return "holds a user name or password; name the key with key_env, key_command or keyring"
    if parts.query or parts.fragment:
        return "has a query or a fragment, which is no place to ask"
    return None
