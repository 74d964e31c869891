"""What is cut out of a request by rule: the arguments of a processor, and what a new processor shall do."""

from __future__ import annotations

import re

from netassist.entities import Entity

_POLITE = r"(?:please|pls|plz|thanks|thank you|thx|bitte|danke|por favor|s'il te plaît|stp|svp|per favore|grazie|alsjeblieft)"
_LEAD = (
    r"(?:for (?:me|us)|(?:(?:has|have|to|now|should|must|would|could|can) )*(?:been |be )?"
    r"(?:run|executed|started|launched|triggered)(?: by hand)?|"
    r"with|w/|on|for|using|against|over|mit|avec|con|met|com|para|pour|für|auf|sur|sobre|su|op|em|na|the|its|is|an?|args?|arguments?|"
    r"argumento?s?|params?|parameters?|options?|flags?|input|processor|script|again|now|then|once more|loose|too|"
    r"please|bitte|going|correr|"
    r"needs? another go|laufen|starten|nochmals?|noch ?mal|opnieuw|encore|de nuevo|di nuovo)"
)
# Where a new order begins behind "and": "start tape-rotate with --slot 4 and list agents".
_ORDER = (
    r"(?:add|also|audit|check|compare|create|delete|do|drop|fetch|find|get|give|grade|kill|let|lets|let's|list|look|make|mail|monitor|nmap|"
    r"open|pause|ping|please|port|probe|put|query|read|remove|report|resolve|resume|rerun|run|say|scan|see|send|set|show|start|stop|tell|test|then|"
    r"trace|try|unwatch|watch|what|who|whois|which|is|are|i|prüfe?|zeige?|liste|starte?|scanne?|pinge?|lance|liste|vérifie|montre|affiche|"
    r"muestra|lista|mostra|haz|fai|toon|controleer|escanea|comprueba|controlla|pokaż|sprawdź|after)\b"
)
_NEXT_ORDER = re.compile(
    rf"[.!?]\s|\n|[.!?]?$|[,;–]\s?(?=[a-z'’]+\s)|[,;]\s(?=[A-Z][a-z]+)|"
    rf",? (?:after which|whereupon|afterwards|woraufhin|après quoi)\b|,? (?:and|und|et|y|e|en|then|dann|puis|luego|poi|i)"
    rf"(?: (?:then|dann|also))? (?=(?i:{_ORDER}))|"
    rf" (?=(?:should|must|has to|needs to) )|\s{_POLITE}(?=[,.;!?])"
)
# What is left of "could tape-rotate be run once?" and "trigger the tape-rotate processor".
_ORDERED = re.compile(
    r"(?:(?:be|been|do|does|say|says|run|runs|running|run by hand|executed|started|launched|triggered|done|to work|to run|me|us|"
    r"then|now|next|first|one|ones|once|twice|again|instead|due|today|tonight|processor|script|program|prozessor|please|thanks|"
    r"thank you|bitte|danke|mal|ausführen|laufen|starten|läuft|correr|ejecutar|eseguire|draaien|"
    r"(?:no|without) (?:parameters?|arguments?|args|options|flags))(?:[\s,.;!?]+|$))+",
    re.IGNORECASE,
)
_GOES_ON = re.compile(
    r"(?:and|und|et|y|e|en|afterwards?|after (?:it|that|this|which)|followed by|as well as|before that|danach|anschließend|"
    r"ensuite|después|dopo|daarna)(?:\s|$)",
    re.IGNORECASE,
)
_ANSWERED = re.compile(
    r"\b(?:(?:same|dasselbe|gleiche|même|mismo|stesso) (?:for|für|pour|para|per)|"
    r"with|w/|using|on|against|mit|avec|con|met|com|args?|arguments?|auf|sur|su)[ :]+(?=\S)",
    re.IGNORECASE,
)
_MAKER = re.compile(
    r"(?:processors?|prozessor|processeur|procesador|processore|mkproc|script|program)\b"
    r"(?:\s+(?:called|named|namens|appelé|llamado|chiamato)\s+\S+|\s+(?:written|made|built|created|drafted|please|for me|"
    r"schreiben|bauen))*"
    r"[\s,:\"”'-]*(?:(?:that|which|to|der|die|das|qui|que|che|die|for|um|pour|para|per)\b\s*)?(.+)",
    re.IGNORECASE | re.DOTALL,
)
# A further sentence belongs to the description ("It should …") unless it turns to something else.
_BESIDES = re.compile(
    r"[.!?;]\s+(?=(?:besides|apart from|in addition|additionally|also|afterwards?|after that|meanwhile|oh,? and|and then|then|"
    r"next|finally|außerdem|danach|dann|ensuite|après|además|luego|poi|inoltre|daarna|please|"
    r"(?:and )?(?:run|ping|scan|list|show|trace|audit|stop|start|pause|resume|remove|whois|resolve|tell me))\b)"
    r"|, (?:and (?:then )?)?(?=(?:run|ping|scan|trace|audit|nmap|whois|"
    r"list (?:all|the|my|your) (?:processors|monitors|agents|alerts))\b)",
    re.IGNORECASE,
)


def rest_after(request: str, name: Entity) -> str:
    """What follows a processor's name in the request, without the words that lead in and the next order or courtesy after it.

    Where an earlier turn named it ("run it with --top 5"), what follows the first "with".
    """
    said = [m.end() for m in re.finditer(rf"(?<![\w-]){re.escape(name.text)}(?![\w-]|\.\w)", request)]
    given = None if said else _ANSWERED.search(request)
    if not said and not given:
        return ""
    rest = request[said[-1] if said else given.end() if given else 0 :]
    rest = re.sub(rf"^(?:[\s,:;'”`(→]|[-=]+>)*(?:\"(?=[\s,.:]))?[\s,:]*(?:{_LEAD}(?:[\s:,]+|$))*", "", rest, flags=re.IGNORECASE)
    rest = _NEXT_ORDER.split(rest, maxsplit=1)[0]
    rest = re.sub(
        rf"[\s,'”`)]*(?:\s(?:this time|diesmal|cette fois|esta vez|{_POLITE}))?[\s'”`).!?\u2600-\U0010ffff]*$",
        "",
        rest,
        flags=re.IGNORECASE,
    ).strip()
    if _ORDERED.fullmatch(rest) or _GOES_ON.match(rest):
        return ""
    quoted = re.fullmatch(r"[\"'“„«`](.*?)[\"'”“»`]?", rest)
    return (
        quoted[1].strip()
        if quoted and not re.search(r"[\"“”„«»`]", quoted[1])
        else rest.removesuffix('"')
        if rest.count('"') % 2
        else rest
    )


def description_in(request: str) -> str:
    """What a new processor shall do: the request after the word for it, up to the next order, or all of it."""
    match = _MAKER.search(request)
    text = match[1] if match and len(match[1]) > 8 else request
    if match and (further := _BESIDES.search(text)):
        text = text[: further.start()]
    return text.strip().rstrip(".!?")[:500]
