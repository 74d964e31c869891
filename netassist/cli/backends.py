"""``netassist backends``: which models plan, in which order, and how each of them stands."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from netassist.cli.options import Config, Format

if TYPE_CHECKING:
    from netassist.backends.ledger import Spent
    from netassist.backends.overview import Standing


def backends(
    *,
    retry: Annotated[bool, Parameter(help="Ask those that failed again at once, whatever pause they have.", negative="")] = False,
    format: Format = "text",
    config: Config = None,
) -> int:
    """Show which models plan, in which order, and how each stands. None of them is asked."""
    from netassist.backends.ledger import Ledger
    from netassist.backends.overview import overview
    from netassist.configuration import load, state_folder
    from netassist.remotes import REMOTE

    settings, ledger = load(config), Ledger(state_folder())
    if retry and ledger.path.exists():
        ledger.recovered(*REMOTE)
    found = overview(settings, ledger)
    if format == "json":
        from netassist.cli.output import show_json

        show_json(found)
    else:
        for standing in found.backends:
            print("\n".join(_lines(standing)))
    return 0


def _lines(standing: Standing) -> Iterator[str]:
    from netassist.untrusted import as_text

    rung = f"{standing.rung}." if standing.rung else "  "
    where = as_text(f"{standing.model} on {standing.where}", 200)
    yield f"{rung} {standing.name:9} {standing.state.replace('_', ' '):13} {where}"
    if standing.why:
        yield f"     {as_text(standing.why, 500)}"
    if not standing.rung:
        return
    if standing.latency is not None:
        latency = standing.latency
        several = f", at most {latency.slowest:.1f} s, of the last {latency.calls}" if latency.calls > 1 else ""
        yield f"     answers in {latency.median:.1f} s{several}"
    else:
        yield "     no answer of it has been timed yet"
    if standing.spent_today is not None:
        yield f"     today: {_used(standing.spent_today)}"
        yield f"     key: {standing.key}; privacy: {standing.privacy}"


def _used(spent: Spent) -> str:
    tokens = f"{spent.tokens:,} tokens" if spent.token_limit is None else f"{spent.tokens:,} of {spent.token_limit:,} tokens"
    about = " (estimated in part)" if spent.estimated else ""
    if spent.money_limit is None and not spent.money:
        return tokens + about
    money = f"{spent.money:.4f}" if spent.money_limit is None else f"{spent.money:.4f} of {spent.money_limit:.2f}"
    return f"{tokens}{about}, {money} in money"
