"""The process in which a model's own chat template is rendered: ``python -m netassist.backends.template_process``.

A GGUF may come from anywhere, and its template is a program. Jinja's sandbox keeps it from Python's insides, and the limits of
this process from the machine's time and memory. It reads one `Order` as JSON, and writes `Rendered` values.
"""

from __future__ import annotations

import json
import resource
import sys
from datetime import UTC, datetime
from typing import Literal

import msgspec

SECONDS, MEMORY = 3, 512 << 20
LONGEST = 2 << 20
"""Characters of one rendered prompt."""
HOLE, HOLE_IN_JSON = "\ue000{}\ue001", "\ue000j{}\ue001"
"""What stands for a text that was written by others: a private character, its number, a private character."""


class Message(msgspec.Struct, frozen=True):
    role: Literal["user", "assistant"]
    content: str


class Job(msgspec.Struct, frozen=True):
    """`tools` is JSON."""

    messages: tuple[Message, ...]
    tools: str | None = None
    thinking: bool = False


class Order(msgspec.Struct, frozen=True):
    template: str
    bos: str
    eos: str
    jobs: tuple[Job, ...]


class Rendered(msgspec.Struct, frozen=True):
    """The text with its holes, and what those stand for whose numbers follow the messages'. `error` where there is no text."""

    text: str = ""
    given: tuple[str, ...] = ()
    error: str = ""


def rendered(order: Order, job: Job) -> Rendered:
    """One prompt. What the template writes as JSON is a hole: tools and texts in it are not the template's own."""
    import re

    import jinja2
    from jinja2.ext import loopcontrols
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    given: list[str] = []

    def tojson(value: object, indent: int | None = None, **_: object) -> str:
        written = json.dumps(value, ensure_ascii=False, indent=indent)
        given.append(re.sub("\ue000(\\d+)\ue001", "\ue000j\\1\ue001", written))
        return HOLE.format(len(job.messages) + len(given) - 1)

    def refused(why: object) -> None:
        raise jinja2.TemplateError(str(why))

    environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=[loopcontrols])
    environment.filters["tojson"] = tojson
    names: dict[str, object] = {"raise_exception": refused}
    if "strftime_now is defined" not in order.template:
        # A date in the prompt makes what was computed of it useless the next day.
        names["strftime_now"] = datetime.now(UTC).strftime
    tools = json.loads(job.tools) if job.tools is not None else None
    try:
        text = environment.from_string(order.template, globals=names).render(
            messages=[{"role": message.role, "content": message.content} for message in job.messages],
            tools=tools,
            bos_token=order.bos,
            eos_token=order.eos,
            add_generation_prompt=True,
            enable_thinking=job.thinking,
        )
    except Exception as error:  # noqa: BLE001 - whatever a template of others does
        return Rendered(error=f"{type(error).__name__}: {error}"[:300])
    if len(text) + sum(map(len, given)) > LONGEST:
        return Rendered(error=f"it writes more than {LONGEST:,} characters")
    return Rendered(text, tuple(given))


def main() -> None:
    order = msgspec.json.decode(sys.stdin.buffer.read(), type=Order)
    import jinja2.sandbox  # noqa: F401 - before memory is limited

    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    sys.stdout.buffer.write(msgspec.json.encode([rendered(order, job) for job in order.jobs]))


if __name__ == "__main__":
    main()
