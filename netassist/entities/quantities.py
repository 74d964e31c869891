"""Numbers and durations in words and digits, and the ports that service names stand for (IANA service names)."""

from __future__ import annotations

import re
from functools import cache

_UNITS_BY_SECONDS: dict[int, str] = {
    1: "s|secs?|seconds?|sekunden?|sek|secondes?|segundos?|secondi|secondo|seconden",
    60: "m|mins?|minutes?|minuten?|minutos?|minut[oi]|minuut|minuty?|minut",
    3600: "h|hrs?|hours?|stunden?|std|heures?|horas?|or[ae]|uur|uren|godzin[yaę]?",
    86400: "d|days?|tage?n?|jours?|d[ií]as?|giorn[oi]|dag(?:en)?|dni|dzie[nń]",
    604800: "w|wks?|weeks?|wochen?|semaines?|semanas?|settiman[ae]|weken|tydzie[nń]|tygodnie",
    1209600: "fortnights?",
    2592000: "months?|monate?n?|mois|mes(?:es)?|mes[ei]|m[eê]s|maand(?:en)?",
}
_UNIT = "|".join(_UNITS_BY_SECONDS.values())
# A unit that stands without a number: letters alone would match anything.
_LONE = "|".join(
    word
    for word in _UNIT.split("|")
    if len(word) > 4 or word in ("week", "hour", "day", "tag", "uur", "jour", "mois", "dag", "mes")
)
_LONE += "|hrs?|wk|hours?|days?|weeks?|ora|dia|día|semana|woche|tag|uur|week|mês|mes|min"
_PART_OF_DAY = "mornings?|nights?|evenings?|noon|morgen|nacht|abend|matin|soir|nuit|mañana|noche|mattina|notte"

NUMBER_WORDS: dict[str, int] = {
    "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10, "eleven": 11,
    "twelve": 12, "dozen": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16, "seventeen": 17, "eighteen": 18,
    "nineteen": 19, "twenty": 20, "thirty": 30, "forty": 40, "fourty": 40, "fifty": 50, "sixty": 60, "seventy": 70,
    "eighty": 80, "ninety": 90, "hundred": 100, "thousand": 1000,
    "zwei": 2, "drei": 3, "vier": 4, "fünf": 5, "sechs": 6, "sieben": 7, "acht": 8, "neun": 9, "zehn": 10, "zwölf": 12,
    "fünfzehn": 15, "zwanzig": 20, "dreißig": 30, "vierzig": 40, "fünfzig": 50, "sechzig": 60, "hundert": 100, "tausend": 1000,
    "deux": 2, "trois": 3, "quatre": 4, "cinq": 5, "sept": 7, "huit": 8, "neuf": 9, "dix": 10, "douze": 12, "quinze": 15,
    "vingt": 20, "trente": 30, "quarante": 40, "cinquante": 50, "soixante": 60, "cent": 100,
    "dos": 2, "tres": 3, "cuatro": 4, "cinco": 5, "seis": 6, "siete": 7, "ocho": 8, "nueve": 9, "diez": 10, "doce": 12,
    "quince": 15, "veinte": 20, "treinta": 30, "cuarenta": 40, "cincuenta": 50, "cien": 100,
    "due": 2, "tre": 3, "quattro": 4, "cinque": 5, "sei": 6, "sette": 7, "otto": 8, "nove": 9, "dieci": 10, "quindici": 15,
    "venti": 20, "trenta": 30, "quaranta": 40, "cinquanta": 50, "sessanta": 60,
    "settanta": 70, "ottanta": 80, "novanta": 90, "cento": 100,
    "twee": 2, "drie": 3, "vijf": 5, "zes": 6, "zeven": 7, "negen": 9, "tien": 10, "twaalf": 12, "vijftien": 15, "twintig": 20,
    "dertig": 30, "veertig": 40, "vijftig": 50, "honderd": 100,
    "dois": 2, "duas": 2, "três": 3, "quatro": 4, "sete": 7, "oito": 8, "dez": 10, "vinte": 20, "trinta": 30, "quarenta": 40, "cinquenta": 50,
    "dwa": 2, "dwie": 2, "trzy": 3, "cztery": 4, "pięć": 5, "sześć": 6, "siedem": 7, "osiem": 8, "dziewięć": 9, "dziesięć": 10,
    "dwanaście": 12, "piętnaście": 15, "dwadzieścia": 20, "trzydzieści": 30, "czterdzieści": 40, "pięćdziesiąt": 50, "sto": 100,
}  # fmt: skip
_ONES = {"one": 1, "a": 1, "an": 1, "zero": 0, "oh": 0, "null": 0, "ein": 1, "eine": 1}
# Numbers of one language that are something else in another: English "due", the name Otto, a DoS.
_AMBIGUOUS = {
    "due": r"(?<!\bis )(?<!\bare )(?<!\bwas )(?<!\bbe )(?<!['’]s )due(?! (?:to|for|in|on|by|again|soon|date|now|today|tomorrow|next|diligence)\b)",
    "otto": "(?-i:otto)", "dos": "(?-i:dos)", "sto": r"sto(?! per\b)",
}  # fmt: skip
_TEENS_UP = "|".join(_AMBIGUOUS.get(word, word) for word in sorted((*NUMBER_WORDS, "one"), key=len, reverse=True))
# "A hundred and twenty" is one number, "twelve and twenty" are two: "and" joins after hundred and thousand alone.
_AND = r"(?:(?:(?<=hundred)|(?<=thousand))[ -]and)?"
_SOME = r"half a dozen|(?:a )?couple(?: of)?(?= (?:pings?|packets?|echo|secs?|seconds?|min|hour|hr|day|week|month))"
NUMBER_PHRASE = rf"(?:{_SOME}|(?:a(?= (?:hundred|thousand|dozen)\b)|{_TEENS_UP})(?:{_AND}[ -](?:{_TEENS_UP}|oh))*)"

# Service names whose port people mean when they name the service; RFC 8314 for the mail ones.
SERVICE_PORTS: dict[str, int] = {
    "imaps": 993, "pop3s": 995, "pops": 995, "smtps": 465, "ldaps": 636, "submission": 587, "telnet": 23, "ftp": 21, "rdp": 3389,
    "ssh": 22, "mysql": 3306, "mariadb": 3306, "postgres": 5432, "postgresql": 5432, "imap": 143, "pop3": 110, "smtp": 25,
    "ldap": 389, "xmpp": 5222, "jabber": 5222, "redis": 6379, "mongodb": 27017, "vnc": 5900, "smb": 445, "http": 80, "https": 443,
    "dns": 53, "mqtt": 1883, "mqtts": 8883, "rsync": 873, "sip": 5060, "winrm": 5985, "nntps": 563, "ftps": 990, "doh": 443,
}  # fmt: skip

_ADVERBS: dict[str, int] = {
    "minutely": 60, "half-hourly": 1800, "hourly": 3600, "daily": 86400, "nightly": 86400, "weekly": 604800, "fortnightly": 1209600,
    "monthly": 2592000, "minütlich": 60, "stündlich": 3600, "täglich": 86400, "wöchentlich": 604800, "monatlich": 2592000,
    "quotidiennement": 86400, "hebdomadaire": 604800, "diario": 86400, "diariamente": 86400, "semanalmente": 604800,
    "semanal": 604800, "giornalmente": 86400, "dagelijks": 86400, "wekelijks": 604800, "elk uur": 3600, "quarter-hourly": 900,
    "tägliche": 86400, "täglichen": 86400, "stündliche": 3600, "stündlichen": 3600, "wöchentliche": 604800, "wöchentlichen": 604800,
    "all'ora": 3600, "weekend": 172800, "week-end": 172800, "wochenende": 172800,
    "yesterday": 86400, "gestern": 86400, "hier": 86400, "ayer": 86400, "ieri": 86400, "gisteren": 86400, "ontem": 86400,
}  # fmt: skip

_ARTICLE = "an?|one|eine?[rnms]?|une?|una?|uma?|een"
# What follows the word "port" is a port, whatever comes after it; "le porte 80, 443 ora" (Italian, now) speaks of no hours.
_NO_PORT = r"(?<!\bport )(?<!\bports )(?<!\bport:)(?<!\bpoort )(?<!\bporte )(?<!\bporta )(?<!\bpuerto )(?<!\bporto )(?!\d*(?:\d\d|[02-9]) ora\b)"
# No unit is a part of a word, nor a French elision ("443 d'ouvert"); the English possessive ("a week's history") keeps it.
_ENDS = r"(?![\w/-]|['’](?!s\b)\w)"
# "Have you got a second", "wait a minute": nobody's interval.
_IDLE = (
    r"(?:(?<!['’]ve )(?<!\bhave )(?<!\bgot )(?<!\bwait )(?<!\bjust )(?<!\bin )(?<!\bspare )(?<!\bme )(?<!\btakes )(?<!\btook )|"
    r"(?!an? (?:secs?|seconds?|min|minutes?)\b))"
)
_NUM = rf"(?P<num>{_NO_PORT}\d+(?:[.,]\d+)?(?=[ -]?(?:{_UNIT}))|(?:(?!a (?:{_UNIT})\b){NUMBER_PHRASE}|{_IDLE}(?:{_ARTICLE}))(?=[ -]))"
SPAN = rf"{_NO_PORT}\d+[ -]?(?:{_UNIT}){_ENDS}"
"""A number with its unit of time, where a list of other numbers ends ("22, 443, 2 min apiece")."""

_EVERY = (
    r"every|evry|each|per|an?|once an?|once per|alle|jeden?|jede[rs]?|pro|toutes? les?|tous les|chaque|par|cada|todos los|todas las|al|por|"
    r"ogni|elke?|iedere?|per|co|każdy|cały"
)
_LAST = (
    r"last|lst|past|previous|laatste|this|whole|full|entire|letzte[nrsm]?|vergangene[nrsm]?|dernière?s?|última|último|pasada|scors[ao]|ultim[ao]|"
    r"afgelopen|vorige|passada|passado"
)
_HALVES = (
    r"half[ -](?:an? |a )?(?:minute|min|hour|hr|day)(?:ly)?|halbe[nr]? (?:minute|stunde)|halbstündlich|demi-(?:minute|heure)|medi[oa] "
    r"(?:minuto|hora)|mei[oa] (?:minuto|hora)|mezz(?:'|’|o |a )?(?:minuto|ora)|(?:halfuur|hal(?:f|ve) (?:uur|minuut))|pół (?:minuty|godziny)"
)
_TIMES = (
    r"once|twice|thrice|einmal|zweimal|dreimal|une fois|deux fois|una vez|dos veces|uma vez|duas vezes|una volta|due volte|"
    rf"eens|twee ?keer|(?:\d+|{_TEENS_UP}) ?(?:times|checks|x|mal|fois|veces|vezes|volte|keer)|\d+(?=/(?:h|hr|day|d|min)\b)"
)

DURATION = (
    rf"(?<![\w.-])(?:"
    rf"(?P<times>{_TIMES})"
    rf"(?:/| (?:(?:an?|per|every|each|in|am|in der|die|pro|par|al|ao|à|a la|por|the|one|every single) )?)"
    rf"(?P<per>{_UNIT}|daily|weekly|hourly|monthly|täglich|morning|night|evening)"
    rf"|(?P<half>(?:every |evry |each |alle |ogni |cada |elke? |co )?(?:{_HALVES}))"
    rf"|(?P<quarter>(?:quarter[ -](?:of )?(?:an )?hour(?:ly)?|viertelstünd(?:e|lich)|viertelstunde|quarts? d'heure|cuarto de hora|kwartier|quarto d'ora))"
    rf"|(?:every|each) (?P<other>other|second) (?P<other_unit>{_UNIT})"
    rf"|{_NUM}(?! w\b)[ -]?(?P<unit>{_UNIT})(?:(?<=hour)ly|(?<=minute)ly|(?<=week)ly|(?<=day)ly)?"
    rf"|(?P<lead>{_IDLE}(?:{_EVERY})|(?<!['’]s )(?:{_LAST})(?! (?:{_PART_OF_DAY}))) (?P<lone>{_LONE}|{_PART_OF_DAY})(?P<more> and a half)?"
    rf"|(?P<owner>minute|hour|day|week|month)(?=['’]s\b)"
    rf"|(?P<adverb>{'|'.join(sorted(_ADVERBS, key=len, reverse=True))})"
    rf"){_ENDS}"
)
"""A span of time in words, as an expression to be compiled without regard to case; `seconds` reads its match."""
_LEADS_PERIOD = re.compile(r"\b(?:every|evry|each|cada|ogni|elke|toutes les|past|last) $", re.IGNORECASE)
_FOLLOWS_PERIOD = re.compile(
    r"\s*(?:$|[.;:!?)]|,(?!\s?\d)|(?:and|then|please|pls|too|also|instead|for|on|of|thanks|now|und|et|y|e|en|für|pour|para|per|auf|sur)\b)",
    re.IGNORECASE,
)
_TIMES_WORDS = {"once": 1, "twice": 2, "thrice": 3, "einmal": 1, "zweimal": 2, "dreimal": 3, "une": 1, "deux": 2, "una": 1, "dos": 2,
                "uma": 1, "duas": 2, "due": 2, "eens": 1, "twee": 2}  # fmt: skip


_SOME_VALUES = {"half a dozen": 6, "couple": 2, "couple of": 2, "a couple": 2, "a couple of": 2}


def number(phrase: str) -> int | None:
    """The whole number that digits or number words stand for; None where they stand for none.

    Digits said one by one or in pairs are joined, as ports are: ``eighty four forty three`` is 8443.
    """
    if phrase.isdigit():
        return int(phrase)
    if phrase.lower() in _SOME_VALUES:
        return _SOME_VALUES[phrase.lower()]
    words = [word for word in re.split(r"[ -]+", phrase.lower()) if word != "and"]
    known = NUMBER_WORDS | _ONES
    if not all(word in known for word in words):
        return None
    groups: list[int] = []
    total = 0
    current: int | None = None
    for word in words:
        value = known[word]
        if word == "dozen":
            current = 12 * (current or 1)
        elif value in (100, 1000):
            current = (current or 1) * value
            if value == 1000:
                total, current = total + current, None
        elif current is None:
            current = value
        elif (current % 100 == 0 and current and word != "oh") or (current % 100 >= 20 and current % 10 == 0 and 0 < value < 10):
            current += value
        else:
            groups.append(current)
            current = value
    if total:
        return total + (current or 0) + sum(groups) if not groups else None
    groups.append(current or 0)
    return groups[0] if len(groups) == 1 else int("".join(str(group) for group in groups))


def seconds(match: re.Match[str]) -> int | None:
    """Seconds that a match of `DURATION` stands for; a number of times in a unit is that unit divided by it."""
    found = match.groupdict()
    if found["times"]:
        first = found["times"].split()[0].lower()
        times = _TIMES_WORDS.get(first) or number(
            re.sub(r"(?:times|checks|x|mal|fois|veces|vezes|volte|keer)$", "", found["times"].lower()).strip()
        )
        per = found["per"].lower()
        return (_ADVERBS.get(per) or _unit(per)) // times if times else None
    if found["half"]:
        half = found["half"].lower()
        return 43200 if "day" in half else 30 if "min" in half else 1800
    if found["quarter"]:
        return 900
    if found["other"]:
        return 2 * _unit(found["other_unit"])
    if found["adverb"]:
        return _ADVERBS[found["adverb"].lower()]
    if found["lone"] or found["owner"]:
        unit = _unit(found["lone"] or found["owner"])
        return unit * 3 // 2 if found["more"] else unit
    if found["unit"]:
        count = _count(found["num"].replace(",", "."))
        return None if count is None else round(count * _unit(found["unit"]))
    return None


def unit(match: re.Match[str]) -> int | None:
    """Seconds of the unit that a match of `DURATION` counts; None where it counts none ("hourly")."""
    return _unit(match["unit"]) if match["unit"] else None


def is_period(match: re.Match[str]) -> bool:
    """Whether the number that was matched stands where a period does ("every 10 on db2"), though no unit follows."""
    before, after = _LEADS_PERIOD.search(match.string[: match.start()]), _FOLLOWS_PERIOD.match(match.string, match.end())
    return before is not None and after is not None


def _count(text: str) -> float | None:
    if text[0].isdigit():
        return float(text)
    return 1 if re.fullmatch(_ARTICLE, text, re.IGNORECASE) else number(text)


@cache
def _unit(word: str) -> int:
    return next((s for s, words in _UNITS_BY_SECONDS.items() if re.fullmatch(words, word, re.IGNORECASE)), 86400)
