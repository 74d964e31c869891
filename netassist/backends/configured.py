"""The backends that the configuration describes, and what they are told: nothing is asked here."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from netassist.backends.endpoint import Patience, host_of
from netassist.backends.keys import KeySource
from netassist.backends.ledger import Budget
from netassist.backends.remote import Server
from netassist.configuration import Settings
from netassist.remotes import DEFAULTS, REMOTE, BackendId, RemoteChoice


def server_of(name: BackendId, settings: Settings) -> Server:
    """A remote backend as it is configured."""
    choice, default = choice_of(name, settings), DEFAULTS[name]
    base_url = choice.base_url or default.base_url
    usual = host_of(base_url) == host_of(default.base_url)
    # The usual variable's key is for the usual address alone.
    variable = choice.key_env or (default.key_env if usual else None)
    key = KeySource(
        host_of(base_url), choice.key_command, variable, choice.key_env is not None, choice.keyring or usual, required=usual
    )
    return Server(
        name,
        base_url,
        choice.model or default.model,
        key,
        budget_of(choice),
        Path(choice.ca_file).expanduser() if choice.ca_file else None,
        Patience(first=choice.first_byte_s, gap=choice.first_byte_s, whole=max(choice.total_s, choice.first_byte_s)),
        redact=settings.privacy == "redact",
    )


def choice_of(name: BackendId, settings: Settings) -> RemoteChoice:
    return settings.turbollm if name == "turbollm" else settings.hugllm


def budget_of(choice: RemoteChoice) -> Budget:
    """What the configuration lets a backend use."""
    prices = choice.price_read or 0.0, choice.price_written or 0.0
    return Budget(choice.tokens_a_day, choice.money_a_day, *prices, carry_over_days=choice.carry_over_days)


def place_of(server: Server) -> str:
    """What makes a backend another one, so that a failure of before says nothing of it."""
    return f"{server.model} at {server.base_url}"


def leaves(settings: Settings, pinned: BackendId | None = None) -> Iterator[tuple[str, str, str]]:
    """What may leave this machine for a model: the backend, where to, and what."""
    for name in REMOTE:
        if name in ((pinned,) if pinned else settings.backends):
            server = server_of(name, settings)
            hosts = 'replaced by placeholders (privacy = "redact")' if server.redact else "as they are"
            yield (
                name,
                server.base_url,
                (
                    "your questions, the calls that were planned, their results in short, and the descriptions of the tools; "
                    f"hosts, addresses, networks, URLs and the names of [targets] {hosts}"
                ),
            )
