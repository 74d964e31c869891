"""Words of English, German and French that facts are told with."""

from __future__ import annotations

MONTH = (
    r"(?:Jan(?:uary|uar|vier)?|Feb(?:ruary|ruar)?|F[ée]v(?:rier)?|Mar(?:ch|s)?|März|Apr(?:il)?|Avr(?:il)?|May|Mai|June?|Juni|Juin|"
    r"July?|Juli|Juillet|Aug(?:ust)?|Août|Sept?(?:ember|embre)?|O[ck]t(?:ober|obre)?|Nov(?:ember|embre)?|De[cz](?:ember)?|"
    r"D[ée]c(?:embre)?)"
)
MONTHS = ("jan", "feb fev fév", "mar mär", "apr avr", "may mai", "jun", "jul", "aug aoû", "sep", "oct okt", "nov", "dec dez déc")
NUMBERS = {
    "zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
    "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15, "twenty": 20, "thirty": 30, "hundred": 100,
    "zwei": 2, "drei": 3, "vier": 4, "fünf": 5, "sechs": 6, "sieben": 7, "acht": 8, "neun": 9, "zehn": 10, "elf": 11,
    "zwölf": 12, "deux": 2, "trois": 3, "quatre": 4, "cinq": 5, "sept": 7, "huit": 8, "neuf": 9, "dix": 10, "onze": 11, "douze": 12,
    "both": 2, "single": 1,
}  # fmt: skip
COUNTING = "(?:" + "|".join(sorted(NUMBERS, key=len, reverse=True)) + ")"
SPANS = {"d": 1.0, "t": 1.0, "w": 7.0, "s": 7.0, "m": 30.44, "y": 365.25, "j": 365.25, "a": 365.25}
TO_DO = (
    r"(?:renew|enable|disable|turn|upgrade|update|send|set|add|remove|close|hide|switch|install|configure|restrict|bind|replace|"
    r"redirect|consider|use|move|require|patch|stop)"
)
SPAN = r"(?:days?|weeks?|months?|years?|Tage?n?|Wochen?|Monate?n?|Jahre?n?|jours?|semaines?|mois|ans|années?)"
NO = r"no|not|n't|n’t|never|neither|nor|none|isn't|aren't|cannot|kein\w{0,2}|nicht|weder|noch|nie|pas|aucun\w{0,3}|ni|ne|non"
SEVERITY = (
    r"critical|high|medium|low|info(?:rmational)?|kritische?n?|hohe?|mittlere?|niedrige?|critiques?|élevée?s?|moyenne?s?|faibles?"
)
_SEVERITIES = {
    "krit": "critical", "crit": "critical", "high": "high", "hoh": "high", "élev": "high", "med": "medium", "mitt": "medium",
    "moy": "medium", "low": "low", "nied": "low", "faib": "low", "info": "info",
}  # fmt: skip


def severity_of(word: str) -> str:
    """The severity that one of the words of `SEVERITY` means."""
    return next(severity for start, severity in _SEVERITIES.items() if word.lower().startswith(start))
