"""Whether a plan that the backend is unsure of is run: a yes or no in words, and what is done where nobody can be asked."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Sequence
from typing import Literal

from netassist.toolbox import Call, tools

Consent = Literal["yes", "unasked", "ask"]
"""Run it, for the person said yes; run it, though nobody was asked; or ask back and run nothing yet."""
Confirm = Callable[[Sequence[Call]], Awaitable[Consent]]

_POLITE = (
    r"(?:[\s,.!]*(?:please|thanks|thank you|then|bitte|danke|s'il (?:te|vous) plaît|por favor|exactly|right|sure|ok(?:ay)?))*"
)
_YES = re.compile(
    rf"\W*(?:please[\s,]+|ok(?:ay)?[\s,]+|yes[\s,]+|ja[\s,]+)*(?:yes|y|yep|yeah|yup|ja|jawohl|jo|oui|sí|si|sim|tak|sure|ok(?:ay)?|"
    r"correct|right|exactly|do (?:it|that|so)|go(?: ahead| on| for it)?|run (?:it|that|them)|please do|"
    r"that'?s (?:it|right|what i mean(?:t)?)|mach (?:das|es|mal)|tu es|genau|stimmt|richtig|los|vas-y|d'accord|"
    rf"hazlo|fallo|doe maar){_POLITE}[\s.!]*",
    re.IGNORECASE,
)
_NO = re.compile(
    r"\W*(?:no|n|nope|nah|nein|non|nee|nie|don'?t|do not|stop|cancel|never ?mind|wrong|not that|leave it|lass es|abbrechen|"
    rf"falsch){_POLITE}[\s.!]*",
    re.IGNORECASE,
)


def says_yes(text: str) -> bool:
    """Whether the whole of an utterance is a yes, in the words of some languages."""
    return _YES.fullmatch(text) is not None


def says_no(text: str) -> bool:
    """Whether the whole of an utterance is a no."""
    return _NO.fullmatch(text) is not None


async def ask_back(calls: Sequence[Call]) -> Consent:
    """Shows the reading and waits for the next turn."""
    return "ask"


async def unattended(calls: Sequence[Call]) -> Consent:
    """Where nobody can be asked: calls that only look things up run, anything else is asked back."""
    known = tools()
    passive = all(call.name in known and known[call.name].risk == "passive" for call in calls)
    return "unasked" if passive else "ask"
