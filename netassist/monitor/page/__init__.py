"""The status page: made on the server as plain HTML, read without any script."""

from __future__ import annotations

import msgspec


class Page(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[page]`` of monitor.toml.

    Args:
        public: whether anyone who reaches the TCP address may read the page without a token. They see the watches that say
            ``public = true``, without addresses, messages and evidence.
        title: what stands over it.
    """

    public: bool = False
    title: str = "Status"
