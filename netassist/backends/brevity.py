"""The tools in fewer words, for a context that the whole descriptions do not fit.

No tool is left out. A shortlist by the words of a request was measured on the dialogues in netassist/nano/corpus and dismissed:
with 22 of the 23 tools on it, it still lacked a needed one in one request of a hundred.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Literal, TypeAlias

from netassist.toolbox import Parameter, Tool, function_doc

Detail: TypeAlias = Literal["whole", "brief", "bare"]
DETAILS: tuple[Detail, ...] = ("whole", "brief", "bare")
"""What a model is told of the tools, the most first: BFCL's documents, a signature and a sentence, a signature."""
_FIRST_SENTENCE = re.compile(r".*?[.:;](?=\s|$)", re.DOTALL)


def described(tools: Sequence[Tool], detail: Detail) -> str:
    """The tools as JSON."""
    if detail == "whole":
        return json.dumps([function_doc(tool) for tool in tools], ensure_ascii=False)
    if detail == "bare":
        return json.dumps([signature(tool) for tool in tools], ensure_ascii=False)
    return json.dumps({signature(tool): _first_sentence(tool) for tool in tools}, ensure_ascii=False)


def shortened(tool: Tool, detail: Detail) -> dict[str, object]:
    """A tool as OpenAI's function calling describes it (JSON schema); other than `whole` with a sentence alone."""
    properties: dict[str, object] = {}
    for name, parameter in tool.parameters.properties.items():
        told: dict[str, object] = {"type": parameter.type}
        told |= {"description": parameter.description} if detail == "whole" else {}
        told |= {"enum": list(parameter.enum)} if parameter.enum else {}
        told |= {"default": parameter.default} if detail == "whole" and parameter.default is not None else {}
        properties[name] = told
    description = tool.description if detail == "whole" else _first_sentence(tool)
    parameters = {"type": "object", "properties": properties, "required": list(tool.parameters.required)}
    return {"name": tool.name, "description": description, "parameters": parameters}


def signature(tool: Tool) -> str:
    """``tls_audit(host, port?, starttls?: smtp|imap)``: what may be left out has a question mark."""
    properties, required = tool.parameters.properties, tool.parameters.required
    return f"{tool.name}({', '.join(_spelled(name, properties[name], name in required) for name in properties)})"


def _spelled(name: str, parameter: Parameter, required: bool) -> str:
    values = f": {'|'.join(parameter.enum)}" if parameter.enum else ""
    return f"{name}{'' if required else '?'}{values}"


def _first_sentence(tool: Tool) -> str:
    found = _FIRST_SENTENCE.match(tool.description)
    return (found[0] if found else tool.description).rstrip(".:;")
