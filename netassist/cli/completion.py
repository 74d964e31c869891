"""``netassist completion``, and what completes at the Tab key: tools and their arguments, models, sessions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

if TYPE_CHECKING:
    from cyclopts.completion._engine import CompletionContext

_MOST = 200
"""Sessions or files that are offered."""


def completion(shell: Annotated[Literal["bash", "zsh", "fish"], Parameter(help="The shell that reads it.")], /) -> int:
    """Print the script by which a shell completes netassist's commands."""
    from netassist.cli.app import app

    print(app.generate_completion(shell=shell).rstrip())
    print(_ENDS.get(shell, ""), end="")
    return 0


_ENDS = {
    "zsh": """
# As a file of fpath it completes; read with source it says what does.
if [[ ${funcstack[1]} == _netassist ]]; then
  _cyclopts_netassist "$@"
else
  compdef _cyclopts_netassist netassist
fi
""",
    "bash": """
# Bash takes the words that it completes apart at "=", so key=value would come as three.
_netassist_whole() {
  local -a words=("${COMP_WORDS[@]}") whole=()
  local at=$COMP_CWORD i cut=""
  for ((i = 0; i < ${#words[@]}; i++)); do
    if ((${#whole[@]} > 1)) && [[ "${whole[-1]}" != -* ]] &&
      { [[ "${words[i]}" == "=" ]] || [[ "${whole[-1]}" == *= && "${words[i - 1]}" == "=" ]]; }; then
      whole[-1]+="${words[i]}"
      ((i <= COMP_CWORD)) && { ((at--)); ((i == COMP_CWORD)) && cut="${whole[-1]%%=*}="; }
    else
      whole+=("${words[i]}")
    fi
  done
  local -a COMP_WORDS=("${whole[@]}")
  local COMP_CWORD=$at
  _netassist
  COMPREPLY=("${COMPREPLY[@]#"$cut"}")
  [[ ${#COMPREPLY[@]} == 1 && "${COMPREPLY[0]}" == *= ]] && compopt -o nospace
}
complete -F _netassist_whole netassist
""",
}


def tool_names(context: CompletionContext) -> Iterator[tuple[str, str]]:
    """Tools that can be run, with their descriptions."""
    from netassist.toolbox import tools

    return ((name, tool.description) for name, tool in tools().items() if tool.implemented)


def tool_arguments(context: CompletionContext) -> Iterator[tuple[str, str]]:
    """``key=`` for each argument that the tool still takes; ``key=value`` where its values are listed."""
    from netassist.toolbox import tools

    tool = tools().get(context["tool"].raw or "")
    given = {token.value.partition("=")[0] for token in context.argument.tokens}
    for name, parameter in tool.parameters.properties.items() if tool is not None else ():
        values = parameter.enum or (("true", "false") if parameter.type == "boolean" else ())
        if name not in given:
            yield from ((f"{name}={value}", parameter.description) for value in values or ("",))


def fetched_models(context: CompletionContext) -> Iterator[tuple[str, str]]:
    """Models that were fetched."""
    from netassist.llama.shelf import models

    return ((model.name, str(model.path)) for model in models())


def published_models(context: CompletionContext) -> Iterator[tuple[str, str]]:
    """Models of the catalogue."""
    from netassist.llama.catalogue import catalogue

    return ((file.name, file.what) for file in catalogue().files)


def model_files(context: CompletionContext) -> Iterator[tuple[str, str]]:
    """Models that were fetched, and GGUF files."""
    import os
    from itertools import islice
    from pathlib import Path

    yield from fetched_models(context)
    folder = os.path.dirname(context.incomplete)
    for path in islice(sorted(Path(folder or ".").expanduser().glob("*")), _MOST):
        if path.is_dir() or path.suffix.lower() == ".gguf":
            yield f"{os.path.join(folder, path.name)}{'/' if path.is_dir() else ''}", ""


def session_ids(context: CompletionContext) -> Iterator[tuple[str, str]]:
    """Sessions that are kept, the latest first, each with its first question."""
    from netassist.assistant.sessions import Sessions
    from netassist.configuration import state_folder

    return ((session.id, session.title) for session in Sessions(state_folder()).listed(_MOST))
