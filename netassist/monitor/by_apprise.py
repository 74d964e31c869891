"""Mail, chat and the rest, by apprise. It blocks; what it logs stays here, because it names addresses."""

from __future__ import annotations

import contextvars
import logging
import threading
from functools import cache
from typing import TYPE_CHECKING

from netassist.monitor.sending import Message

if TYPE_CHECKING:
    from apprise import NotifyBase

_MESSAGE_ID: contextvars.ContextVar[str] = contextvars.ContextVar("message_id", default="")
_UNKNOWN = "its url is none that Apprise can use; see https://github.com/caronc/apprise/wiki for the form of each service"


class _Said(logging.Handler):
    """Keeps what apprise says in the thread that it says it in, and passes nothing on."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.of_thread = threading.local()

    def emit(self, record: logging.LogRecord) -> None:
        lines: list[str] | None = getattr(self.of_thread, "lines", None)
        if lines is not None and len(lines) < 200 and (record.levelno >= logging.WARNING or "xception" in str(record.msg)):
            lines.append(record.getMessage()[:1000])


def notified(url: str, message: Message, timeout: float) -> str | None:
    """Hand a message to the service that `url` names; why that failed, or None. What it says may hold secrets.

    Args:
        timeout: seconds for connecting and for each answer; who calls has to bound the whole.
    """
    from apprise import NotifyFormat, NotifyType

    said = _listening()
    logging.getLogger("apprise").setLevel(logging.DEBUG)  # each time, for others silence it
    lines: list[str] = []
    said.of_thread.lines = lines
    try:
        service = _service(url, timeout)
        if service is None:
            return _UNKNOWN
        notice = message.notice
        headers = getattr(service, "headers", None)
        if isinstance(headers, dict):
            headers |= {"X-Netassist-Id": notice.id, "X-Netassist-Attempt": str(message.attempt)}
        _MESSAGE_ID.set(notice.id)
        kind = NotifyType(message.tone)
        if service.notify(body=message.body, title=notice.title, notify_type=kind, body_format=NotifyFormat.TEXT):
            return None
        return "; ".join(lines[-3:]) or "the service did not take it, and does not say why"
    except Exception as error:  # noqa: BLE001 - a plugin of apprise may raise anything, and the message is tried again
        return f"{type(error).__name__}: {error}"
    finally:
        _MESSAGE_ID.set("")
        said.of_thread.lines = None


def _service(url: str, timeout: float) -> NotifyBase | None:
    from apprise import Apprise, AppriseAsset, PersistentStoreMode
    from apprise.common import OverflowMode

    asset = AppriseAsset(
        app_id="netassist",
        app_desc="netassist",
        app_url="",
        async_mode=False,
        secure_logging=True,
        http_redirects=False,
        storage_mode=PersistentStoreMode.MEMORY,
    )
    service = Apprise.instantiate(url, asset=asset)
    if service is not None:
        service.socket_connect_timeout = service.socket_read_timeout = timeout
        service.overflow_mode = OverflowMode.SPLIT
    return service


@cache
def _listening() -> _Said:
    """Apprise, set up once: its log ends here, and a mail of ours keeps its Message-ID over all tries."""
    from apprise.plugins.email import base

    fresh = base.make_msgid  # type: ignore[attr-defined]

    def kept_id(idstring: str | None = None, domain: str | None = None) -> str:
        own = _MESSAGE_ID.get()
        return f"<{own}.netassist@{domain or 'localhost'}>" if own else fresh(idstring, domain)

    base.make_msgid = kept_id  # type: ignore[attr-defined]
    said = _Said()
    for name in ("apprise", "urllib3", "requests"):
        log = logging.getLogger(name)
        log.propagate = False
        log.addHandler(said)
    return said
