"""How a case of BFCL is put to a local model: Nemotron's template, and an answer in the model's own words.

No grammar helps it, so that the figure can be held against published ones. As BFCL's own handler does, system messages become
the user's, and messages of one role in a row become one.
"""

from __future__ import annotations

from collections.abc import Sequence
from time import monotonic

from netassist.backends.available_tools import Turn, rendered
from netassist.backends.planning import BackendError
from netassist.backends.testllm import THINKING, TestLlm
from netassist.evaluation.bfcl import Case, Message, Result
from netassist.llama.client import ModelError
from netassist.llama.grammar import Text
from netassist.llama.messages import Segment

ANSWER_TOKENS = 1024
_ANYTHING = Text(most=32_000, least=1)


def turns(messages: Sequence[Message]) -> list[Turn]:
    """Requests with what the assistant answered; the last is open."""
    made: list[Turn] = []
    for message in messages:
        if message.role == "assistant" and made:
            made[-1] = made[-1]._replace(answer="\n\n".join(filter(None, (made[-1].answer, message.content))))
        elif not made or made[-1].answer:
            made.append(Turn("", message.content, ""))
        else:
            made[-1] = made[-1]._replace(request=f"{made[-1].request}\n\n{message.content}")
    return made


def prompt(case: Case, thinking: bool) -> tuple[Segment, ...]:
    """The whole prompt; the functions stand before the first request, as the model's card has it."""
    return rendered(case.documents, turns(case.messages), thinking)


async def answered(case: Case, backend: TestLlm) -> Result:
    """What the model writes for a case; raises BackendError, whose cause is a ModelError."""
    thinking = backend.thinking
    most, sampling = (ANSWER_TOKENS + backend.thought_tokens, THINKING) if thinking else (ANSWER_TOKENS, None)
    started = monotonic()
    try:
        completed = await backend.client.complete(prompt(case, thinking), _ANYTHING, most, sampling)
    except ModelError as error:
        raise BackendError(str(error)) from error
    seconds = round(monotonic() - started, 3)
    return Result(id=case.id, model=backend.model, seconds=seconds, result=completed.text, thinking=thinking)
