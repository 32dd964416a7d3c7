"""Ranked search over short documents, held in memory: BM25 with weighted fields, synonyms, and help with typing mistakes.

3,000 solutions are a few thousand distinct words; one process answers from its own copy in about a millisecond.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import fuzz, process

from marketplace.selectors.search_words import normalised, stem, words

K1, B = 1.4, 0.5
SYNONYM_WEIGHT = 0.4
FAR_BELOW = 0.12  # of the best score: what is left out
LEAST_LIKENESS, SHORT_WORD = 72, 4
MIXED_FROM, GUESTS, NEARLY = 3, 2, 0.5


@dataclass(frozen=True)
class Document:
    """One thing to be found. `texts` are (text, weight); `family` is its kind: the first few found should not all be kin."""

    id: int
    family: str
    texts: tuple[tuple[str, float], ...]


class SearchIndex:
    """An index over documents; it never changes, a changed catalogue gets a new one."""

    def __init__(self, documents: Sequence[Document], synonyms: Iterable[tuple[str, str]]) -> None:
        self.ids = np.array([document.id for document in documents], dtype=np.int64)
        self._family = [document.family for document in documents]
        self._postings = _postings(documents)
        self._related = _related(synonyms)
        self._lexicon = sorted({*self._postings, *self._related})
        self._english = [word for word in self._lexicon if word.isascii() and len(word) >= 3]
        self._chinese = [word for word in self._related if not word.isascii()]

    def rank(self, query: str) -> list[int]:
        """Ids of the documents that fit, best first; typing mistakes are mended when nothing fits well."""
        weights = self._query(query)
        if not any(token in self._postings and len(token) > 1 for token in weights):
            weights = self._query(self._mended(query)) or weights
        scores = self._scores(weights)
        found = np.flatnonzero(scores > 0)
        if found.size == 0:
            return []
        found = found[scores[found] >= scores.max() * FAR_BELOW]
        order = [int(place) for place in found[np.argsort(-scores[found], kind="stable")]]
        return [int(self.ids[place]) for place in self._mixed(order, scores)]

    def _mixed(self, order: list[int], scores: NDArray[np.float64]) -> list[int]:
        """The same order, but places four and five go to other families that fit nearly as well: words have several meanings."""
        head = order[:MIXED_FROM]
        shown = {self._family[place] for place in head}
        guests: list[int] = []
        for place in order[MIXED_FROM:]:
            if scores[place] < scores[order[0]] * NEARLY or len(guests) == GUESTS:
                break
            if self._family[place] not in shown:
                shown.add(self._family[place])
                guests.append(place)
        return [*head, *guests, *(place for place in order[MIXED_FROM:] if place not in guests)]

    def _query(self, query: str) -> dict[str, float]:
        weights: dict[str, float] = defaultdict(float)
        for token, weight in words(query):
            weights[token] = max(weights[token], weight)
        for other in self._said_otherwise(query):
            for token, weight in words(other):
                weights[token] = max(weights[token], weight * SYNONYM_WEIGHT)
        return dict(weights)

    def _said_otherwise(self, query: str) -> set[str]:
        text = normalised(query)
        spoken = {stem(word) for word in text.split()} | set(text.split())
        found: set[str] = set()
        for term, others in self._related.items():
            hit = (term in spoken or (" " in term and term in text)) if term.isascii() else term in text
            if hit:
                found |= others
        return found

    def _scores(self, weights: Mapping[str, float]) -> NDArray[np.float64]:
        scores = np.zeros(len(self.ids))
        for token, weight in weights.items():
            if token in self._postings:
                places, values = self._postings[token]
                scores[places] += weight * values
        return scores

    def _mended(self, query: str) -> str:
        """The query with every word replaced by the most similar known one."""
        text = normalised(query)
        mended = []
        for word in text.split():
            choices = self._english if word.isascii() else self._chinese
            best = process.extractOne(word, choices, scorer=fuzz.ratio, score_cutoff=_least_likeness(word))
            mended.append(best[0] if best else word)
        return " ".join(mended)


def _least_likeness(word: str) -> int:
    """Per cent. Short words differ much by one letter, Chinese ones by one character of two or three."""
    if not word.isascii():
        return 45
    return 60 if len(word) <= SHORT_WORD else LEAST_LIKENESS


def _postings(documents: Sequence[Document]) -> dict[str, tuple[NDArray[np.int64], NDArray[np.float64]]]:
    """Token → (places, BM25 values)."""
    counts = [_weighed(document) for document in documents]
    lengths = np.array([sum(counter.values()) for counter in counts] or [1.0], dtype=np.float64)
    norms = K1 * (1 - B + B * lengths / lengths.mean())
    gathered: dict[str, list[tuple[int, float]]] = defaultdict(list)
    for place, counter in enumerate(counts):
        for token, count in counter.items():
            gathered[token].append((place, count))
    return {token: _values(rows, norms, len(documents)) for token, rows in gathered.items()}


def _weighed(document: Document) -> dict[str, float]:
    """Token → how often it stands in the document, weighed by field."""
    counter: dict[str, float] = defaultdict(float)
    for text, field_weight in document.texts:
        for token, weight in words(text):
            counter[token] += field_weight * (1.0 if weight >= 1 else 0.5)
    return counter


def _values(
    rows: list[tuple[int, float]], norms: NDArray[np.float64], total: int
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    places = np.array([place for place, _count in rows], dtype=np.int64)
    counts = np.array([count for _place, count in rows], dtype=np.float64)
    rarity = math.log(1 + (total - len(rows) + 0.5) / (len(rows) + 0.5))
    return places, rarity * counts * (K1 + 1) / (counts + norms[places])


def _related(synonyms: Iterable[tuple[str, str]]) -> dict[str, set[str]]:
    """Word → what else it is called, both ways and among all that share a term."""
    groups: dict[str, set[str]] = defaultdict(set)
    for term, synonym in synonyms:
        groups[normalised(term)] |= {normalised(term), normalised(synonym)}
    related: dict[str, set[str]] = defaultdict(set)
    for group in groups.values():
        for word in group:
            related[word] |= group - {word}
    return dict(related)
