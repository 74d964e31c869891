"""What the sources say to a yes or no: each function tells it with where it was measured, or None where nothing says."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from netassist.assistant.checking.observed import Source

Measure = Callable[[Sequence[Source]], tuple[bool, str] | None]


def certificates(sources: Sequence[Source]) -> Iterator[Source]:
    return (source for source in sources if source.data.get("chain"))


def flag(name: str) -> Measure:
    def measured(sources: Sequence[Source]) -> tuple[bool, str] | None:
        held = [source for source in sources if isinstance(source.data.get(name), bool)]
        return (bool(held[0].data[name]), held[0].where(name)) if held else None

    return measured


def expired(sources: Sequence[Source]) -> tuple[bool, str] | None:
    """Of certificates; else of what else has a day on which it expires."""
    if (found := problem("expired")(sources)) is not None:
        return found
    for source in sources:
        for leaf in source.leaves:
            if "expir" in leaf.key and isinstance(leaf.value, str) and (begun := source.data.get("started")):
                return leaf.value[:10] < str(begun)[:10], source.where(leaf.path)
    return None


def problem(*words: str) -> Measure:
    def measured(sources: Sequence[Source]) -> tuple[bool, str] | None:
        held = list(certificates(sources))
        if not held:
            return None
        bad = next((source for source in held if set(words) & set((source.data.get("problems") or ()))), None)
        return bad is not None, (bad or held[0]).where("problems")

    return measured


def reachable(sources: Sequence[Source]) -> tuple[bool, str] | None:
    for source in sources:
        if source.data.get("received") is not None:
            return source.data["received"] > 0, source.where("received")
    for source in sources:
        if source.data.get("state") in ("up", "down") or (source.schema == "netassist/tcp/1" and source.data.get("state")):
            return source.data["state"] in ("up", "open", "closed"), source.where("state")
        error = (source.data.get("error") or {}).get("kind") if source.data.get("status") == "failed" else None
        if error in ("unreachable", "timeout"):
            return False, source.where("error")
        if error is None and source.port and source.data.get("status") in ("ok", "partial"):
            return True, source.where("status")
    return None


def quantum(sources: Sequence[Source], *, offered: bool = False) -> tuple[bool, str] | None:
    for name in ("verdict", "quantum"):
        for source in sources:
            verdict = source.data.get(name)
            if source.schema in ("netassist/quantum/1", "netassist/tls-audit/1") and verdict in ("safe", "available", "not_safe"):
                return verdict == "safe" or (offered and verdict == "available"), source.where(name)
    for source in sources:
        if source.schema == "netassist/ssh/1" and isinstance(source.data.get("post_quantum"), bool):
            return bool(source.data["post_quantum"]), source.where("post_quantum")
    return None


def offers_quantum(sources: Sequence[Source]) -> tuple[bool, str] | None:
    return quantum(sources, offered=True)


def quantum_keys(sources: Sequence[Source]) -> tuple[bool, str] | None:
    for source in sources:
        held = source.data.get("authentication")
        if held and held.get("post_quantum") is not None:
            return bool(held["post_quantum"]), source.where("authentication.post_quantum")
    return None


def exists(sources: Sequence[Source]) -> tuple[bool, str] | None:
    held = [source for source in sources if source.data.get("rcode")]
    return (held[0].data["rcode"] == "NOERROR", held[0].where("rcode")) if held else None


def encrypted(sources: Sequence[Source]) -> tuple[bool, str] | None:
    held = [source for source in sources if source.data.get("url") and source.data.get("status_code")]
    return (str(held[0].data["url"]).startswith("https"), held[0].where("url")) if held else None


def forwards(sources: Sequence[Source]) -> tuple[bool, str] | None:
    held = [source for source in sources if source.data.get("url") and source.data.get("status_code")]
    hops = [hop for source in held for hop in (source.data.get("redirects") or ())]
    return (any(hop["location"].startswith("https") for hop in hops), held[0].where("redirects")) if held else None


def stapled(sources: Sequence[Source]) -> tuple[bool, str] | None:
    held = [source for source in sources if source.data.get("ocsp_staple") in ("absent", "present")]
    return (held[0].data["ocsp_staple"] == "present", held[0].where("ocsp_staple")) if held else None


def header(*names: str) -> Measure:
    def measured(sources: Sequence[Source]) -> tuple[bool, str] | None:
        for source in sources:
            if isinstance(source.data.get("headers"), dict) and source.data.get("status_code"):
                return any(source.data["headers"].get(name) for name in names), source.where("headers")
        for source in sources:
            if names[0].startswith("strict") and isinstance(source.data.get("hsts"), str):
                return bool(source.data["hsts"]), source.where("hsts")
        return None

    return measured
