"""Names of enterprises: trades, legal forms, and the cores that names are built around."""

import random
from functools import cache
from itertools import product
from typing import Any, NamedTuple

from outside.sandbox.pools import FINE, Township, content, spread

CORES = (
    "{auspicious}",
    "{auspicious}{third}",
    "{family}",
    "{place}",
    "{region}",
    "{nature_phrase}",
    "{modern}",
    "{modern}{nature}",
    "{craft}",
)


class Form(NamedTuple):
    """A legal form with the end of the name, ready for one trade."""

    kind: str
    registry_word: str
    suffix: str
    worded_suffixes: tuple[str, ...]
    patterns: tuple[int, ...]  # twice the place in CORES, plus one where a trade word follows


class Trade(NamedTuple):
    """A trade with its tax codes and the forms its businesses take."""

    label: str
    section: str
    codes: tuple[tuple[str, str], ...]
    forms: tuple[Form, ...]


def auspicious_cores() -> list[str]:
    """Two-character cores by weight, without any on the block list."""
    pool = content("names.json")["auspicious"]
    blocked = {core[:2] for core in pool["block_list"]}
    pairs = [
        (first["text"] + second["text"], first["weight"] * second["weight"])
        for first, second in product(pool["first"], pool["second"])
        if first["text"] != second["text"] and first["text"] + second["text"] not in blocked
    ]
    rng = random.Random("auspicious")
    return rng.choices([text for text, _ in pairs], [weight for _, weight in pairs], k=FINE)


def family_cores() -> list[str]:
    """Cores such as 阿水, 林記, 秀琴嫂."""
    surnames = [surname for surname, _ in content("people.json")["surnames"][:40]]
    rng = random.Random("family")
    patterns = content("names.json")["family_patterns"]
    drawn = rng.choices(patterns, [pattern["weight"] for pattern in patterns], k=2048)
    return [_filled(pattern, surnames, rng) for pattern in drawn]


def _filled(pattern: dict[str, Any], surnames: list[str], rng: random.Random) -> str:
    text = str(pattern["pattern"])
    for slot, words in {"surname": surnames, **pattern}.items():
        if isinstance(words, list):
            text = text.replace("{" + slot + "}", rng.choice(words))
    return text


def place_cores() -> list[str]:
    """Cores such as 廟口, 車站前."""
    pattern = content("names.json")["place_patterns"][0]
    return [landmark + position for landmark, position in product(pattern["landmark"], pattern["position"])]


def region_cores(town: Township) -> list[str]:
    """Words of the region, in which the township's own character comes first."""
    names = content("names.json")
    regions = {
        county: region
        for region, counties in names["region_of_county"].items()
        if region != "override"
        for county in counties
    }
    own = regions[town.county]
    share = {own: 1.0}
    if town.indigenous:
        share = {"原鄉": 0.6 if town.indigenous == "mountain" else 0.2, own: 0.4}
    elif town.hakka:
        share = {"客庄": 0.35, own: 0.65}
    rng = random.Random(town.code)
    drawn = rng.choices(list(share), list(share.values()), k=32)
    stem = town.name[:-1] if len(town.name) > 2 else town.name
    return [rng.choice(names["regions"][region]) for region in drawn] + [stem] * 8


@cache
def trades(weight: str) -> tuple[Trade, ...]:
    """All trades; `weight` is "members" or "registry" and steers the legal forms."""
    return tuple(_trade(row, weight) for row in content("names.json")["trades"])


def trade_draw(weight: str) -> list[int]:
    """Indexes into `trades()`."""
    rows = content("names.json")["trades"]
    return spread(range(len(rows)), [row[f"weight_{weight}"] for row in rows], FINE)


def _trade(row: dict[str, Any], weight: str) -> Trade:
    own: dict[str, list[dict[str, Any]]] = {}
    for suffix in row["suffixes"]:
        own.setdefault(_kind_of(suffix["text"]), []).append(suffix)
    special = [
        kind
        for kind in own
        if kind not in ("sole_business", "company_limited", "company_shares", "tax_only_stall")
    ]
    rng = random.Random(row["id"])
    forms = [_form(row, own, special, weight, rng) for _ in range(256)]
    return Trade(
        row["label_zh"], row["section"], tuple((code, name) for code, name in row["codes"]), tuple(forms)
    )


GENERAL_KINDS = ("sole_business", "partnership", "company_limited", "company_shares", "tax_only_stall")


def _form(
    row: dict[str, Any], own: dict[str, Any], special: list[str], weight: str, rng: random.Random
) -> Form:
    kinds = {kind["kind"]: kind for kind in content("names.json")["entity_kinds"]}
    if special:
        texts = row["suffixes"]
        suffix = rng.choices(texts, [text["weight"] for text in texts])[0]["text"]
        kind = _kind_of(suffix)
    else:
        kind = rng.choices(GENERAL_KINDS, [kinds[name][f"weight_{weight}"] for name in GENERAL_KINDS])[0]
        texts = own.get("sole_business" if kind == "partnership" else kind) or _plain(
            kinds[kind]["suffixes"], row
        )
        suffix = rng.choices(texts, [text["weight"] for text in texts])[0]["text"]
    words = tuple(
        word + suffix for word in row["words"] if not suffix.startswith(word[0]) and word not in suffix
    )
    registry_word = rng.choice(kinds[kind]["registry_words"] or ["其他"])
    if kind == "social_enterprise":
        registry_word = "股份有限公司" if suffix.endswith("股份有限公司") else "有限公司"
    return Form(kind, registry_word, suffix, words or (suffix,), _patterns(kind, row["section"]))


def _plain(suffixes: list[dict[str, Any]], row: dict[str, Any]) -> list[dict[str, Any]]:
    """General endings only: a metal works is no 餐飲有限公司."""
    general = (
        "商行",
        "企業社",
        "工作室",
        "行",
        "坊",
        "社",
        "商店",
        "實業",
        "企業",
        "國際",
        "興業",
        "有限公司",
        "聯合商行",
        "號",
        "服務處",
    )
    kept = [s for s in suffixes if s["text"].removesuffix("有限公司").removesuffix("股份") in ("", *general)]
    return kept or suffixes


def _patterns(kind: str, section: str) -> tuple[int, ...]:
    """Sixty-four name patterns in proportion: which core, and whether a trade word follows."""
    like = {"partnership": "sole_business", "social_enterprise": "company_limited"}.get(kind, kind)
    fitting = [
        pattern
        for pattern in content("names.json")["patterns"]
        if like in pattern["kinds"] and section not in pattern.get("avoid_sections", ())
    ]
    if not fitting:
        return (0, CORES.index("{region}") * 2)
    codes = [_pattern_code(pattern["pattern"]) for pattern in fitting]
    return tuple(spread(codes, [pattern["weight"] for pattern in fitting], 64))


def _pattern_code(pattern: str) -> int:
    core = pattern.removesuffix("{S}").removesuffix("{W}")
    return CORES.index(core) * 2 + ("{W}" in pattern)


def _kind_of(suffix: str) -> str:
    for rule in content("names.json")["kind_from_suffix"]:
        if suffix.endswith(rule["ends_with"]):
            if rule["ends_with"].endswith("公司") and ("社會企業" in suffix or "共好" in suffix):
                return "social_enterprise"
            return str(rule["kind"])
    return "sole_business"
