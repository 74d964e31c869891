"""``netassist scan``, ``cert``, ``ping`` and so on: short names of tools. Arguments, types, choices and help are the tool's own.

`app` registers the names; what stands behind one is made when it is asked for.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, get_type_hints

from cyclopts import App, validators
from cyclopts import Parameter as Option

from netassist.cli.options import Approve, CaFile, CheckRevocation, Config, FailOn, Output, ReportFormat

if TYPE_CHECKING:
    from netassist.toolbox import Call, Parameter, Tool

JOBS: Mapping[str, str] = {
    "cert": "certificate_info", "dns": "dns_lookup", "http": "http_check", "mail": "smtp_check", "ping": "ping",
    "quantum": "quantum_check", "scan": "nmap_scan", "ssh": "ssh_audit", "tcp": "tcp_check", "trace": "traceroute",
    "whois": "whois_lookup",
}  # fmt: skip
"""Commands and the tools that they run."""


def __getattr__(name: str) -> App:
    if name not in JOBS:
        raise AttributeError(name)
    from netassist.toolbox import built_in

    return _app(name, built_in()[JOBS[name]])


def _app(job: str, tool: Tool) -> App:
    made = App(name=job, help=_help(job, tool), help_format="plaintext", help_formatter="plain")
    made.default(_command(job, tool))
    return made


def _help(job: str, tool: Tool) -> str:
    lines = [tool.description, "", f"The same as `netassist run {tool.name}`, for any number of targets.", "", "Try:"]
    return "\n".join(lines + [f"  netassist {job} {_spoken(tool, example)}" for example in tool.examples]) + "\n"


def _spoken(tool: Tool, example: str) -> str:
    """``host=a.test port=587`` as this command line has it: ``a.test --port 587``."""
    pairs = dict(word.split("=", 1) for word in example.split())
    target = pairs.pop(_pointing(tool))
    return " ".join([target, *(f"--{name.replace('_', '-')} {value}" for name, value in pairs.items())])


def _pointing(tool: Tool) -> str:
    """The argument that stands on the command line without its name."""
    return tool.parameters.required[0]


def _shared(
    *,
    input: Annotated[
        Path | None,
        Option(
            name=("-i", "--input"),
            allow_leading_hyphen=True,
            help="A list: a target a line, comments after #; - is standard input.",
        ),
    ] = None,
    jobs: Annotated[int, Option(help="Targets measured at the same time.", validator=validators.Number(gte=1, lte=100))] = 8,
    format: ReportFormat = "text",
    output: Output = (),
    approve: Approve = (),
    fail_on: FailOn = "never",
    ca_file: CaFile = None,
    check_revocation: CheckRevocation = False,
    config: Config = None,
) -> None:
    """The options that every one of these commands has."""


def _command(job: str, tool: Tool) -> Callable[..., int]:
    """A function whose signature is the tool's parameters and the shared options."""
    pointing, shared = _pointing(tool), inspect.signature(_shared).parameters
    own = {name: parameter for name, parameter in tool.parameters.properties.items() if name != pointing}

    def command(*targets: str, **options: object) -> int:
        said = signature.bind(*targets, **options)
        said.apply_defaults()
        given = {name: said.kwargs[name] for name in own}
        rest = {name: said.kwargs[name] for name in shared}
        return _done(job, tool, targets, given, **rest)

    hints: dict[str, object] = {pointing: Annotated[str, Option(help=_target_help(tool))]}
    parameters = [inspect.Parameter(pointing, inspect.Parameter.VAR_POSITIONAL)]
    for name, parameter in own.items():
        hints[name] = _annotation(parameter)
        parameters.append(inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=parameter.default))
    hints |= {name: hint for name, hint in get_type_hints(_shared, include_extras=True).items() if name in shared}
    signature = inspect.Signature([*parameters, *shared.values()])
    command.__signature__ = signature  # type: ignore[attr-defined]
    command.__annotations__ = {**hints, "return": int}
    command.__doc__ = tool.description
    return command


def _annotation(parameter: Parameter) -> object:
    from netassist.toolbox import TYPES

    kind: object = Literal.__getitem__(parameter.enum) if parameter.enum else TYPES[parameter.type]
    if parameter.default is None:
        kind = kind | None  # type: ignore[operator]
    return Annotated.__class_getitem__((kind, Option(help=parameter.description)))  # type: ignore[attr-defined]


def _target_help(tool: Tool) -> str:
    name = _pointing(tool)
    words = [tool.parameters.properties[name].description.replace(", as the user wrote it", "")]
    if name == "host":
        words += ["Also host:port, [IPv6]:port or an https URL."] if "port" in tool.parameters.properties else []
        words += ["A network of at most 4,096 addresses stands for each of its hosts."]
    return " ".join([*words, "A name from [targets] of the configuration too."] if name != "name" else words)


def _done(
    job: str,
    tool: Tool,
    words: Sequence[str],
    given: Mapping[str, object],
    *,
    input: Path | None,
    jobs: int,
    format: Literal["text", "json"],
    output: tuple[Path, ...],
    approve: tuple[Literal["active", "intrusive", "change"], ...],
    fail_on: str,
    ca_file: Path | None,
    check_revocation: bool,
    config: Path | None,
) -> int:
    import asyncio

    from netassist.cli.measuring import Terms, measured
    from netassist.cli.outputs import Outputs
    from netassist.configuration import load
    from netassist.toolbox import InvalidCall

    settings = load(config, ca_file)
    calls = _Calls(tool, words, input, given, settings.inventory)
    # A mistake in the list is told before anything is touched.
    if not sum(1 for _ in calls):
        example = f"netassist {job} {_spoken(tool, tool.examples[0])}" if tool.examples else f"netassist {job} --help"
        missing = f"{input} names no {_pointing(tool)}, one a line" if input else f"name a {_pointing(tool)}, or a list with -i"
        raise InvalidCall(f"{missing}; for example: {example}")
    terms = Terms(settings, Outputs(format, output), frozenset(approve), fail_on, check_revocation, job, jobs)
    return asyncio.run(measured(calls, terms))


class _Calls:
    """A call for each target, checked; can be iterated again. Raises InvalidCall while iterating."""

    def __init__(
        self, tool: Tool, words: Sequence[str], file: Path | None, given: Mapping[str, object], inventory: Mapping[str, str]
    ) -> None:
        from netassist.cli.many.hosts import Hosts

        defaults = {name: parameter.default for name, parameter in tool.parameters.properties.items()}
        self._given = {name: _word(value) for name, value in given.items() if value != defaults[name]}
        self._tool, self._words, self._inventory, self._pointing = tool, words, inventory, _pointing(tool)
        self._hosts = Hosts(words if self._pointing == "host" else (), file, 0, inventory)

    def __iter__(self) -> Iterator[Call]:
        yield from self._of_hosts() if self._pointing == "host" else self._of_words()

    def _of_words(self) -> Iterator[Call]:
        from netassist.toolbox import InvalidCall

        seen: set[str] = set()
        for where, word in chain((("", word) for word in self._words), self._hosts.lines()):
            if word not in seen:
                seen.add(word)
                try:
                    yield self._call({self._pointing: word})
                except InvalidCall as error:
                    raise InvalidCall(f"{where}: {error}" if where else str(error)) from None

    def _of_hosts(self) -> Iterator[Call]:
        from netassist.toolbox import InvalidCall

        takes_port = "port" in self._tool.parameters.properties
        for place in self._hosts:
            if place.port and not takes_port:
                raise InvalidCall(f"{self._tool.name} takes no port; give the host alone: {place.host}")
            yield self._call({"host": place.host, **({"port": str(place.port)} if place.port else {})})

    def _call(self, target: Mapping[str, str]) -> Call:
        from netassist.toolbox import from_words

        return from_words(self._tool.name, {**self._given, **target}, self._inventory)


def _word(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
