"""The things that a request names: hosts, networks, URLs, numbers, durations, ports.

Deterministic and fast. What stands here is all that a planned call may point at (see `netassist.grounding`); which of it a
call takes is the model's decision. Every number of seconds, hours or a port is worked out here, never by a model.
"""

from netassist.entities.entity import Entity, Kind
from netassist.entities.recognise import recognise, recognise_all

__all__ = ["Entity", "Kind", "recognise", "recognise_all"]
