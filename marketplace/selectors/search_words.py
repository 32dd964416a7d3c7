"""Words of a text as the search counts them, in Chinese and English."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

RUN = re.compile(r"[a-z0-9]+|[\u3400-\u9fff]+")
# Characters and phrases that carry no wish: particles, "please", "I want", "system". They would only drown the rest.
IDLE_ZH = re.compile(
    r"[的了嗎呢吧啊把也都就很]|可以|怎麼|什麼|有沒有|我想|我要|想要|請問|一個|一下|一起|系統|軟體|方案|工具|平台|便宜|推薦"
)
IDLE_EN = frozenset(
    [
        "a",
        "an",
        "the",
        "for",
        "of",
        "to",
        "and",
        "or",
        "in",
        "on",
        "my",
        "our",
        "your",
        "with",
        "is",
        "are",
        "i",
        "we",
        "need",
        "want",
        "how",
        "what",
        "app",
        "software",
        "system",
        "tool",
        "tools",
        "cheap",
        "best",
        "small",
        "that",
        "from",
        "by",
        "it",
        "be",
        "can",
        "do",
        "us",
        "me",
    ]
)
BIGRAM, CHARACTER = 1.0, 0.2


def normalised(text: str) -> str:
    """Half-width, lower case, 臺 written 台."""
    return unicodedata.normalize("NFKC", text).casefold().replace("臺", "台")


def words(text: str) -> Iterator[tuple[str, float]]:
    """(token, weight): English words by their stem, Chinese as pairs of characters and, weaker, single ones."""
    for match in RUN.finditer(IDLE_ZH.sub(" ", normalised(text))):
        run = match.group()
        if run[0] < "\u3400":
            if run not in IDLE_EN:
                yield stem(run), BIGRAM
            continue
        yield from ((run[place : place + 2], BIGRAM) for place in range(len(run) - 1))
        yield from ((character, BIGRAM if len(run) == 1 else CHARACTER) for character in run)


def stem(word: str) -> str:
    """An English word without its commonest endings: bookings, booking → book."""
    for ending in ("ings", "ing", "ies", "es", "s", "ed"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)] + ("y" if ending == "ies" else "")
    return word
