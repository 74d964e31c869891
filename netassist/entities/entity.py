"""What may be named in a request."""

from __future__ import annotations

from typing import Literal, NamedTuple

Kind = Literal["host", "network", "url", "word", "number", "service_port", "duration", "ports"]


class Entity(NamedTuple):
    """One thing said: `value` is a host or name as written, a number, a duration in seconds, or a port list.

    `start` and `end` are character offsets into the utterance. A `word` is a single-label name that may be a machine's, or not;
    a `service_port` is the port that a service's name stands for.
    """

    kind: Kind
    text: str
    value: str | int
    start: int
    end: int
