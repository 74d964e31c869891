"""Whether a program started from here may open raw sockets (Linux capabilities(7))."""

from __future__ import annotations

import os
import struct
from pathlib import Path

_CAP_NET_RAW = 1 << 13


def may_open_raw_sockets(program: str) -> bool:
    """Whether `program` (a path), started by this process, holds CAP_NET_RAW: by the user, or by its file's capabilities."""
    return _inherited() or _of_file(program)


def _inherited() -> bool:
    """What survives exec: root's effective set, and the ambient set of anybody else."""
    root = os.geteuid() == 0
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
    except OSError:
        return root
    sets = dict(line.split(":\t", 1) for line in status.splitlines() if line.startswith("Cap") and ":\t" in line)
    return bool(int(sets.get("CapEff" if root else "CapAmb", "0"), 16) & _CAP_NET_RAW)


def _of_file(program: str) -> bool:
    """The permitted set of ``struct vfs_cap_data`` (linux/capability.h), where its effective flag is set."""
    try:
        stored = os.getxattr(program, "security.capability")
    except (OSError, AttributeError):
        return False
    if len(stored) < 8:
        return False
    magic, permitted = struct.unpack_from("<II", stored)
    return bool(magic & 1 and permitted & _CAP_NET_RAW)
