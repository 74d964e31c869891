"""``netassist tools``: what can be run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from netassist.cli.completion import tool_names
from netassist.cli.misuse import meant
from netassist.cli.options import Format

if TYPE_CHECKING:
    from netassist.toolbox import Tool


def tools(
    name: Annotated[str | None, Parameter(help="One tool, with its arguments.", completer=tool_names)] = None,
    /,
    *,
    format: Format = "text",
) -> int:
    """List the tools, or show one with its arguments."""
    import json

    from netassist import toolbox

    known = toolbox.tools()
    if name is None:
        say_problems()
    if name is not None and name not in known:
        raise toolbox.InvalidCall(f"there is no tool {name!r}{meant(name, known)}; `netassist tools` lists them")
    chosen = [known[name]] if name is not None else list(known.values())
    if format == "json":
        rows = [
            toolbox.function_doc(tool) | {"implemented": tool.implemented, "risk": tool.risk, "origin": tool.origin or "built-in"}
            for tool in chosen
        ]
        print(json.dumps(rows, indent=2))
    elif name is not None:
        print("\n".join(_shown(chosen[0])))
    else:
        for tool in chosen:
            there = f"{tool.risk:8}" if tool.implemented else "not yet "
            print(f"{tool.name:18} {there} {tool.description}{f' (from {tool.origin})' if tool.origin else ''}")
    return 0


def say_problems() -> None:
    """Each tool of the user's own that cannot be used, and why."""
    import sys

    from netassist.added_tools import added

    for problem in added().problems:
        print(f"netassist: {problem}", file=sys.stderr)


def _shown(tool: Tool) -> list[str]:
    lines = [f"{tool.name}: {tool.description}", f"risk: {tool.risk}{_raised(tool)}" if tool.implemented else "not there yet"]
    lines += [f"from: {tool.origin}", ""] if tool.origin else [""]
    for name, parameter in tool.parameters.properties.items():
        choices = f" One of {', '.join(parameter.enum)}." if parameter.enum else ""
        needed = "optional" if parameter.default is None else f"default {parameter.default}"
        needed = "required" if name in tool.parameters.required else needed
        lines.append(f"  {name}=…  {parameter.description}{choices} ({parameter.type}, {needed})")
    return lines + [f"  example: netassist run {tool.name} {example}" for example in tool.examples]


def _raised(tool: Tool) -> str:
    """Which arguments raise the risk, as the gate judges them."""
    from netassist.assistant.gate import LARGEST

    profiles, target = (tool.parameters.properties.get(name) for name in ("profile", "target"))
    raising = ["profile=vuln"] if profiles is not None and "vuln" in (profiles.enum or ()) else []
    raising += [f"networks above /{LARGEST[4]} (IPv4) or /{LARGEST[6]} (IPv6)"] if target is not None else []
    return f"; intrusive with {' and for '.join(raising)}, which needs a yes or --approve intrusive" if raising else ""
