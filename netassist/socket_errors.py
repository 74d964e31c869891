"""What the kernel's socket errors mean, and what routers say of messages that they did not pass on."""

from __future__ import annotations

import contextlib
import errno
import os
import socket

from netassist.observations import Failed, FailureKind

_ERRNO_KINDS: dict[int, FailureKind] = {
    errno.ECONNREFUSED: "refused",
    errno.ECONNRESET: "reset",
    errno.EPIPE: "reset",
    errno.ETIMEDOUT: "timeout",
}
_WORDS = {
    errno.ECONNREFUSED: "refused; nothing listens there",
    errno.ECONNRESET: "the peer reset the connection; is it the right port and protocol, or does it turn this machine away?",
    errno.EPIPE: "the peer has closed the connection; is it the right port and protocol?",
    errno.ENETUNREACH: "this machine has no route there; check its network, and that it has IPv6 where the address is one",
    errno.EADDRNOTAVAIL: "this machine has no address to reach it from; does it have IPv6?",
    errno.EHOSTUNREACH: "the host cannot be reached; is it up, and on this network?",
    errno.EACCES: "this machine does not allow it; does its own firewall forbid it?",
    errno.EPERM: "this machine does not allow it; does its own firewall forbid it?",
    errno.ETIMEDOUT: "no answer; is the host up, or does a firewall drop it?",
}
# What an ICMP error of a router means, by what the kernel makes of it.
_REFUSALS = {
    errno.ENETUNREACH: "no route to the network",
    errno.EHOSTUNREACH: "the host cannot be reached",
    errno.EACCES: "forbidden by a filter",
}
# Python names these from 3.14 on; before, they are Linux's numbers.
IP_RECVERR, IPV6_RECVERR, MSG_ERRQUEUE = 11, 25, 0x2000


def as_failed(error: OSError, step: str) -> Failed:
    """The failure of `step` ("host:port: doing what")."""
    if isinstance(error, socket.gaierror):
        return Failed("unresolvable", f"{step}: {error.strerror or error}")
    kind: FailureKind = _ERRNO_KINDS.get(error.errno or 0, "unreachable")
    # The text of asyncio's own errors is a call and its tuple; the number says the same in words.
    words = _WORDS.get(error.errno) or os.strerror(error.errno) if error.errno else str(error)
    return Failed(kind, f"{step}: {words}")


def router_said(error: OSError) -> str:
    """Why a router, or this machine in the place of one, did not pass a message on."""
    return _REFUSALS.get(error.errno or 0, os.strerror(error.errno or 0))


def hear_routers(opened: socket.socket) -> None:
    """Have the kernel hand up what routers say of our messages (ip(7), IP_RECVERR); where it cannot, it does not."""
    six = opened.family == socket.AF_INET6
    with contextlib.suppress(OSError):
        opened.setsockopt(*((socket.IPPROTO_IPV6, IPV6_RECVERR) if six else (socket.IPPROTO_IP, IP_RECVERR)), 1)


def forget_routers(opened: socket.socket) -> None:
    """Empty the error queue: each has been told as an error of the socket, and what stays there would wake it without end."""
    with contextlib.suppress(OSError):
        while True:
            opened.recvmsg(1, 0, MSG_ERRQUEUE)
