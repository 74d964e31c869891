"""``netassist models list``: the catalogue and what has been fetched, or the files of any repository."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import msgspec
from cyclopts import Parameter

from netassist.cli.models import check_context, gigabytes, told
from netassist.cli.options import Format

if TYPE_CHECKING:
    from netassist.llama.catalogue import Source
    from netassist.llama.gguf_header import Shape
    from netassist.llama.link import Link


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One file. `bytes` and `memory` (at the context that was asked for) are None where they are not known; `computed`: from the
    model's shape, not from the file. `path` is where it was fetched to.
    """

    name: str
    source: str
    bytes: int | None
    computed: bool = False
    memory: int | None = None
    what: str = ""
    path: str | None = None


Context = Annotated[int, Parameter(help="Tokens of context that the memory is counted for.")]
TokenCommand = Annotated[
    str | None, Parameter(help='A command that prints a token, run without a shell ("pass show hub"), instead of HF_TOKEN.')
]


def list_models(
    name: Annotated[
        str | None,
        Parameter(help="A repository (owner/name) or a URL, which the hub is asked for; the catalogue where left out."),
    ] = None,
    /,
    *,
    context: Context = 8192,
    format: Format = "text",
    token_command: TokenCommand = None,
) -> int:
    """List the models that can be fetched, and those that have been."""
    check_context(context)
    return told(lambda: _listed(name, context, format, token_command))


def _listed(name: str | None, context: int, format: str, token_command: str | None) -> int:
    if name is None:
        rows, title, notes = _catalogue(context), _title(), _NOTES
    else:
        from netassist.llama.catalogue import source
        from netassist.llama.link import Link, token

        with Link(token(token_command), for_asked=token_command is not None) as link:
            rows, title = _elsewhere(source(name), context, link)
        notes = ""
    if format == "json":
        print(msgspec.json.format(msgspec.json.encode({"context": context, "models": rows}), indent=2).decode())
    else:
        print("\n".join((title, "", *_table(rows, context), *([notes] if notes else []))))
    return 0


def _title() -> str:
    from netassist.llama.catalogue import catalogue

    return f"{catalogue().model}, of {catalogue().repository}"


_NOTES = """
~ computed from the model's shape: its publisher's sizes are not known here; `netassist models list OWNER/NAME` asks the hub.
Which one for this machine: netassist models recommend. Without any of them netassist uses its built-in model."""


_BROKEN_OFF = "broken off: the same pull goes on, `netassist models remove` deletes it"


def _catalogue(context: int) -> list[Row]:
    from netassist.llama.catalogue import catalogue
    from netassist.llama.memory import need
    from netassist.llama.shelf import models, part_of, unfinished

    book, fetched = catalogue(), {model.name: model for model in models()}
    rows = []
    for file in book.files:
        full = f"{book.repository}:{book.file_of(file)}"
        there = fetched.pop(full, None)
        size = there.path.stat().st_size if there else book.size(file)
        rows.append(
            Row(
                name=file.name, source=full, bytes=size, computed=there is None and file.bytes is None,
                memory=need(size, book.shape, context).total, what=file.what, path=str(there.path) if there else None,
            )
        )  # fmt: skip
    for model in fetched.values():
        size, shape = model.path.stat().st_size, _local_shape(str(model.path))
        memory = need(size, shape, context).total if shape else None
        rows.append(Row(name=model.name, source=model.name, bytes=size, memory=memory, what="fetched", path=str(model.path)))
    for model in unfinished():
        size = part_of(model.path).stat().st_size
        rows.append(Row(name=model.name, source=model.name, bytes=size, what=_BROKEN_OFF))
    return rows


def _local_shape(path: str) -> Shape | None:
    from netassist.llama.gguf_header import shape_at_the_beginning
    from netassist.llama.hub import BEGINNING

    with open(path, "rb") as file:
        return shape_at_the_beginning(file.read(BEGINNING))


def _elsewhere(source: Source, context: int, link: Link) -> tuple[list[Row], str]:
    from netassist.llama import hub
    from netassist.llama.memory import need
    from netassist.llama.shelf import models

    if source.url is not None:
        size, shape = hub.beginning(link, source.url)
        memory = need(size, shape, context).total if shape and size else None
        return [Row(name=source.url, source=source.url, bytes=size, memory=memory)], source.url
    assert source.repository is not None  # noqa: S101 - it is one or the other
    there = hub.repository(source.repository, link)
    offered = there.files if source.file is None else (hub.chosen(there, source.file),)
    # All files of a repository are one model, so the shape of one is that of all.
    shape = hub.remote_shape(link, there.url(offered[0].file)) if offered else None
    fetched = {model.name: str(model.path) for model in models()}
    rows = [
        Row(
            name=file.file, source=f"{there.name}:{file.file}", bytes=file.bytes, path=fetched.get(f"{there.name}:{file.file}"),
            memory=need(file.bytes, shape, context).total if shape else None,
        )
        for file in offered
    ]  # fmt: skip
    if not rows:
        print(f"netassist: {there.name} holds no GGUF file", file=sys.stderr)
    licence = ", ".join(licence.name for licence in there.licences) or "not stated"
    return rows, f"{there.name} (licence: {licence})"


def _table(rows: list[Row], context: int) -> list[str]:
    wide = max((len(row.name) for row in rows), default=4)
    lines = [f"  {'name':{wide}} {'size':>9}  memory at {context:,}"]
    for row in rows:
        size = ("~" if row.computed else "") + gigabytes(row.bytes) if row.bytes else "unknown"
        memory = ("~" if row.computed else "") + gigabytes(row.memory) if row.memory else "unknown"
        lines.append(
            f"{'✔' if row.path else ' '} {row.name:{wide}} {size:>9}  {memory:>{10 + len(f'{context:,}')}}  {row.what}".rstrip()
        )
    return lines
