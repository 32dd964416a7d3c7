"""Word pools of the fictitious country, spread into lists so that one 16-bit draw is one look-up."""

import csv
import json
import random
import re
from collections.abc import Sequence
from datetime import date, timedelta
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

CONTENT = Path(__file__).parent / "content"
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
SIX_MUNICIPALITIES = ("臺北市", "新北市", "桃園市", "臺中市", "臺南市", "高雄市")
FULL_WIDTH = str.maketrans("0123456789", "０１２３４５６７８９")
FULL, FINE = 65_536, 8_192


class Township(NamedTuple):
    """A real township with what the drawing of names and addresses needs."""

    code: str
    county: str
    name: str
    postal3: str
    rural: bool
    hakka: bool
    offshore: bool
    indigenous: str
    population: int
    id_letter: str


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


@cache
def content(name: str) -> dict[str, Any]:
    """One JSON file of the content folder."""
    return json.loads((CONTENT / name).read_text(encoding="utf-8"))  # type: ignore[no-any-return]


@cache
def townships() -> tuple[Township, ...]:
    """The 368 townships. Source: official area codes and the population of the Ministry of the Interior."""
    with (CONTENT / "townships.csv").open(encoding="utf-8") as file:
        return tuple(
            Township(
                row["town_code"],
                row["county_zh"],
                row["town_zh"],
                row["postal3"],
                row["is_rural"] == "1",
                row["is_hakka"] == "1",
                row["is_offshore"] == "1",
                row["indigenous_kind"],
                int(row["population"]),
                row["id_letter"],
            )
            for row in csv.DictReader(file)
        )


def spread(choices: Sequence[Any], weights: Sequence[float], size: int) -> list[Any]:
    """`size` entries in which every choice stands in proportion to its weight, at least once."""
    total = sum(weights)
    entries: list[Any] = []
    reached = 0.0
    for choice, weight in zip(choices, weights, strict=True):
        reached += weight
        entries.extend([choice] * max(1, round(reached / total * size) - len(entries)))
    return (entries + [choices[-1]] * size)[:size]


def township_draw(six_municipalities_share: float) -> list[int]:
    """Indexes into `townships()`, by population inside each group of counties."""
    people = {True: 0, False: 0}
    for town in townships():
        people[town.county in SIX_MUNICIPALITIES] += town.population
    share = {True: six_municipalities_share, False: 1 - six_municipalities_share}
    weights = [
        town.population / people[town.county in SIX_MUNICIPALITIES] * share[town.county in SIX_MUNICIPALITIES]
        for town in townships()
    ]
    return spread(range(len(weights)), weights, FULL)


# ---- names ------------------------------------------------------------------------------------------------


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


# ---- addresses --------------------------------------------------------------------------------------------


def address_bases(town: Township) -> list[str]:
    """Sixty-four beginnings of an address: county (臺 or 台), township, village, road or hamlet."""
    rng = random.Random(f"address {town.code}")
    return [_county_text(town, rng) + town.name + _place_text(town, rng) for _ in range(64)]


def _county_text(town: Township, rng: random.Random) -> str:
    share = content("addresses.json")["tai"]["share_variant"].get(town.county, 0)
    return town.county.replace("臺", "台") if rng.random() < share else town.county


def _place_text(town: Township, rng: random.Random) -> str:
    pool = content("addresses.json")
    country = town.rural or town.name[-1] in "鄉"
    village = ""
    if rng.random() < (pool["village"]["share_rural"] if country else pool["village"]["share_city"]):
        village = rng.choice(pool["village"]["stems"]) + ("村" if town.name[-1] == "鄉" else "里")
        if rng.random() < (0.4 if country else 0.12):
            village += f"{rng.randint(1, 32)}鄰".translate(FULL_WIDTH)
    tribes = pool["tribe"]["by_township"].get(town.county + town.name)
    if tribes and rng.random() < 0.22:
        return f"{village}{rng.choice(tribes)}部落"
    if country and rng.random() < 0.35:
        return village + rng.choice(pool["hamlets"])
    return village + _road(town, country, rng)


def _road(town: Township, country: bool, rng: random.Random) -> str:
    zones = {"all", "rural" if country else "city", "town"}
    zones |= {"hakka"} if town.hakka else set()
    zones |= {"indigenous"} if town.indigenous else set()
    zones |= {"offshore"} if town.offshore else set()
    roads = [road for road in content("addresses.json")["roads"].values() if road["zones"] in zones]
    road = str(rng.choice(rng.choices(roads, [road["weight"] for road in roads])[0]["names"]))
    if road.endswith("路") and not country and rng.random() < 0.3:
        road += rng.choices(("一段", "二段", "三段", "四段"), (34, 30, 18, 9))[0]
    return road


def address_ends() -> list[str]:
    """Lane, alley, number and floor in the digit styles of the register."""
    rng = random.Random("ends")
    return [_styled(_end(rng), rng) for _ in range(FULL)]


def _end(rng: random.Random) -> str:
    text = ""
    if rng.random() < 0.34:
        text += f"{min(960, int(rng.lognormvariate(4.56, 1)) + 1)}巷"
        if rng.random() < 0.33:
            text += f"{min(120, int(rng.lognormvariate(2.5, 0.8)) + 1)}弄"
    number = min(1200, int(rng.lognormvariate(4.45, 1)) + 1)
    text += (
        f"{number}號"
        if rng.random() > 0.13
        else rng.choice((f"{number}之{rng.randint(1, 9)}號", f"{number}號之{rng.randint(1, 9)}"))
    )
    if rng.random() < 0.42:
        floor = rng.randint(1, 12)
        text += rng.choice(
            (f"{floor}樓", f"{floor}樓", f"{floor}樓", f"{floor}樓之{rng.randint(1, 8)}", "1樓")
        )
    return text


def _styled(text: str, rng: random.Random) -> str:
    drawn = rng.random()
    if drawn < 0.76:
        return text.translate(FULL_WIDTH)
    if drawn < 0.98:
        return text
    return re.sub(
        r"(?<!\d)([1-9])樓", lambda floor: "一二三四五六七八九"[int(floor[1]) - 1] + "樓", text
    ).translate(FULL_WIDTH)


# ---- figures ----------------------------------------------------------------------------------------------


def setup_dates() -> list[date]:
    """Days of registration from 1975 to 2025, more of them recent."""
    rng = random.Random("dates")
    last = date(2025, 11, 30)
    return [last - timedelta(days=int(abs(rng.betavariate(1, 2.6)) * 365.25 * 50)) for _ in range(FINE)]


def capitals(company: bool) -> list[int]:
    """Capital in NT$."""
    rng = random.Random(f"capital {company}")
    if not company:
        return rng.choices(
            (3000, 10_000, 50_000, 100_000, 200_000, 230_000, 240_000, 500_000, 1_000_000),
            (3, 5, 9, 22, 34, 8, 9, 7, 3),
            k=FINE,
        )
    steps = (
        100_000,
        500_000,
        1_000_000,
        2_000_000,
        5_000_000,
        10_000_000,
        30_000_000,
        80_000_000,
        150_000_000,
    )
    return rng.choices(steps, (6, 16, 30, 16, 18, 8, 4, 1.4, 0.6), k=FINE)


def staff_numbers() -> list[int]:
    """Employees: 78.24 % up to 5, 7.94 % 6 to 9, 13.82 % ten or more. Source: the programme's member distribution."""
    rng = random.Random("staff")
    bands = spread((0, 1, 2), (78.24, 7.94, 13.82), FINE)
    draws = (
        lambda: rng.choice((1, 1, 2, 2, 3, 3, 4, 5)),
        lambda: rng.randint(6, 9),
        lambda: min(260, 10 + int(rng.expovariate(1 / 22))),
    )
    return [draws[band]() for band in bands]
