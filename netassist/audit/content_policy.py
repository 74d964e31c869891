"""What a Content-Security-Policy still lets scripts do (W3C CSP Level 3).

Every policy that is sent applies, so one that forbids is enough.
"""

from __future__ import annotations

from collections.abc import Callable

_ANYWHERE = frozenset(("*", "http:", "https:", "data:", "http://*", "https://*"))


class ContentPolicy:
    """The value of the header; several policies are separated by commas. False where there is none."""

    def __init__(self, value: str) -> None:
        self._policies = [directives for part in value.split(",") if (directives := _directives(part))]

    def __bool__(self) -> bool:
        return bool(self._policies)

    @property
    def limits_framing(self) -> bool:
        """Whether one of them says who may frame the page."""
        return any("frame-ancestors" in policy for policy in self._policies)

    @property
    def any_script(self) -> bool:
        """Whether scripts of any origin run."""
        return self._all(lambda sources: sources is None or (bool(_ANYWHERE & sources) and "'strict-dynamic'" not in sources))

    @property
    def inline_script(self) -> bool:
        """Whether inline scripts run; nonces, hashes and 'strict-dynamic' take 'unsafe-inline' away (section 6.7.3.2)."""

        def allows(sources: frozenset[str] | None) -> bool:
            if sources is None:
                return False  # said by `any_script`
            strict = any(source.startswith(("'nonce-", "'sha256-", "'sha384-", "'sha512-")) for source in sources)
            return "'unsafe-inline'" in sources and not strict and "'strict-dynamic'" not in sources

        return self._all(allows)

    @property
    def eval(self) -> bool:
        """Whether text may be run as a script, though the policy limits scripts."""
        return self._all(lambda sources: sources is not None and "'unsafe-eval'" in sources)

    def _all(self, allows: Callable[[frozenset[str] | None], bool]) -> bool:
        return bool(self._policies) and all(
            allows(policy.get("script-src", policy.get("default-src"))) for policy in self._policies
        )


def _directives(policy: str) -> dict[str, frozenset[str]]:
    """By name; of those that come twice the first counts (section 2.2.1)."""
    found: dict[str, frozenset[str]] = {}
    for directive in policy.split(";"):
        name, *sources = directive.split()[:1000] or [""]
        if name:
            found.setdefault(name.lower(), frozenset(source.lower() for source in sources))
    return found
