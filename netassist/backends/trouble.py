"""What goes wrong with a remote backend, in two halves: what happened, and what the user can do about it."""

from __future__ import annotations

from netassist.backends.planning import BackendError, Trouble


class RemoteError(BackendError):
    """`what` happened, and `advice`; the message is both. `retry_after` 0: it may be asked again at once."""

    def __init__(self, what: str, advice: str, kind: Trouble, retry_after: float | None = None) -> None:
        super().__init__(f"{what}; {advice}", kind, retry_after)
        self.what, self.advice = what, advice


class TooLong(RemoteError):
    """The conversation is longer than what the model reads."""


class Unsupported(RemoteError):
    """The server does not know a part of the request, which it can do without: a parameter's name, or ``tools``."""

    def __init__(self, what: str, part: str) -> None:
        super().__init__(what, "ask for a server or a model that has it", "refused")
        self.part = part
