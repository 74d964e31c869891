"""``netassist models recommend``: what suits this machine, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import msgspec
from cyclopts import Parameter

from netassist.cli.exits import CLEAN, FINDINGS
from netassist.cli.models import check_context, gigabytes
from netassist.cli.models.listing import Context
from netassist.cli.options import Format

if TYPE_CHECKING:
    from netassist.llama.machine import Machine
    from netassist.llama.recommend import Recommendation


def recommend(
    *,
    prefer: Annotated[
        Literal["accuracy", "balance", "speed"], Parameter(help="What counts most where several files fit.")
    ] = "balance",
    context: Context = 8192,
    format: Format = "text",
) -> int:
    """Choose a file of the catalogue for this machine, with the reasons; 1 where none fits."""
    from netassist.llama.build import system_info
    from netassist.llama.catalogue import catalogue
    from netassist.llama.machine import this_machine
    from netassist.llama.recommend import recommend as judged

    check_context(context)
    machine = this_machine(built=system_info())
    found = judged(machine, catalogue(), prefer, context)
    if format == "json":
        both = {"machine": machine, "recommendation": found}
        print(msgspec.json.format(msgspec.json.encode(both, order="deterministic"), indent=2).decode())
    else:
        print("\n".join(_shown(machine, found)))
    return CLEAN if found.choice else FINDINGS


def _shown(machine: Machine, found: Recommendation) -> list[str]:
    has = ", ".join(sorted(machine.features)) or "nothing that matters here"
    built = "unknown" if machine.built is None else ", ".join(sorted(machine.built)) or "nothing that matters here"
    lines = [
        f"Machine: {machine.model or machine.processor}, {machine.cores} cores, {gigabytes(machine.most)} of memory"
        f" ({gigabytes(found.room)} for a model)",
        f"It has: {has}; llama.cpp is compiled for: {built}",
        "",
        f"Take {found.choice}: netassist models pull {found.choice}"
        if found.choice
        else "Take the built-in model, which is there.",
        "",
        f"  {'file':10} {'size':>9} {'memory':>9}  at {found.context:,} tokens",
    ]
    for file in found.judged:
        mark = "✔" if file.name == found.choice else " "
        lines.append(f"{mark} {file.name:10} {gigabytes(file.bytes):>9} {gigabytes(file.need):>9}  {file.reason}")
    return lines + [f"\nNote: {note}" for note in found.notes]
