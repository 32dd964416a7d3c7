"""The township of an address: county and township together, because 東區 exists in four cities and 大安區 in two.

Never guesses: without a county only a township name that exists once in the country is taken, and that is said.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from collections import defaultdict
from dataclasses import dataclass
from functools import cache
from itertools import product
from pathlib import Path

_LIST = Path(__file__).resolve().parent / "data" / "townships.csv"
_VARIANTS = str.maketrans("台巿内恒塩峯邨舘岺", "臺市內恆鹽峰村館苓")
_POSTAL_CODE = re.compile(r"^\(?\d{3,6}\)?[-,，]?")
_PROVINCE = re.compile(r"^(?:中華民國)?(?:臺灣省|福建省)?")
_LENGTHS = (6, 5, 7)  # county of 3 characters, township of 3, 2 or 4

# Counties that became, or were merged into, special municipalities in 2010 and 2014.
OLD_COUNTIES = {
    "臺北縣": "新北市",
    "桃園縣": "桃園市",
    "臺中縣": "臺中市",
    "臺南縣": "臺南市",
    "高雄縣": "高雄市",
}
# Names that another name took over. Source: 內政部 announcements of 1989, 1990, 1992, 2004 and 2008; usual misspellings.
RENAMED = {
    "臺北市木柵區": "文山區",
    "臺北市景美區": "文山區",
    "臺北市城中區": "中正區",
    "臺北市古亭區": "中正區",
    "臺北市雙園區": "萬華區",
    "臺北市龍山區": "萬華區",
    "臺北市建成區": "大同區",
    "臺北市延平區": "大同區",
    "臺南市西區": "中西區",
    "臺南市中區": "中西區",
    "高雄市三民鄉": "那瑪夏區",
    "嘉義縣吳鳳鄉": "阿里山鄉",
    "屏東縣三地鄉": "三地門鄉",
    "臺南市后壁區": "後壁區",
    "臺中市後里區": "后里區",
    "彰化縣溪洲鄉": "溪州鄉",
    "苗栗縣通宵鎮": "通霄鎮",
    "高雄市茄定區": "茄萣區",
}


@dataclass(frozen=True, slots=True)
class Place:
    """Where an address lies. `note`: "" as printed, "mapped" from an old name, "inferred" without a county, "unknown"."""

    township_code: str | None
    note: str


UNKNOWN = Place(None, "unknown")


def place_of(address: str) -> Place:
    """The township of an address as people, registers and envelopes write it; UNKNOWN rather than a guess."""
    found = _printed(_index().printed, address)
    return found if found is not None else _after_tidying(address)


def printed_places() -> dict[str, Place]:
    """Places by county and township as they may be printed, for those who look up very many addresses."""
    return _index().printed


def township_code_of(address: str) -> str | None:
    """The eight-digit code of the township, None when the address does not tell."""
    return place_of(address).township_code


def plain_address(address: str) -> str:
    """The address with plain digits, no spaces, one character for one thing (臺, 市, 內), no postal code and province."""
    plain = "".join(unicodedata.normalize("NFKC", address).split()).translate(_VARIANTS)
    return _PROVINCE.sub("", _POSTAL_CODE.sub("", plain))


def _printed(names: dict[str, Place], address: str) -> Place | None:
    for length in _LENGTHS:
        found = names.get(address[:length])
        if found is not None:
            return found
    return None


def _after_tidying(address: str) -> Place:
    plain = plain_address(address)
    index = _index()
    if address.isascii():
        return _english(address)
    found = _printed(index.printed, plain)
    if found is not None:
        return found
    if plain[:3] in index.counties:
        return UNKNOWN
    return next((index.alone[plain[:n]] for n in (3, 4, 2) if plain[:n] in index.alone), UNKNOWN)


def _english(address: str) -> Place:
    """Banqiao Dist., New Taipei City: the longest county name, then the one township of it that is named."""
    words = re.sub(r"\bdist\b\.?", "district", address.lower())
    words = re.sub(r"\b(twp|township)\b\.?", "township", words)
    towns = next((towns for county, towns in _index().english if county in words), {})
    found = [code for name, code in towns.items() if re.search(rf"\b{re.escape(name)}\b", words)]
    return Place(found[0], "") if len(found) == 1 else UNKNOWN


@dataclass(frozen=True)
class _Index:
    printed: dict[str, Place]  # county and township as they may be printed
    alone: dict[str, Place]  # township names that exist once
    counties: frozenset[str]
    english: list[tuple[str, dict[str, str]]]


@cache
def _index() -> _Index:
    with _LIST.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    codes = {row["county_zh"] + row["town_zh"]: row["town_code"] for row in rows}
    printed = {name: Place(code, "") for name, code in codes.items()}
    for name, place in _old_names(codes).items():
        printed.setdefault(name, place)
    old = {
        new: [before for before, after in OLD_COUNTIES.items() if after == new]
        for new in OLD_COUNTIES.values()
    }
    for name in list(printed):
        for before in old.get(name[:3], ()):
            printed.setdefault(before + name[3:], Place(printed[name].township_code, "mapped"))
    alone = _alone(printed)
    for name in list(printed):
        for other in _with_tai(name):
            printed.setdefault(other, printed[name])
    return _Index(printed, alone, frozenset(name[:3] for name in printed), _english_names(rows))


def _old_names(codes: dict[str, str]) -> dict[str, Place]:
    """Renamed townships, and 板橋市 for 板橋區: a township keeps its name when its rank changes."""
    names = {old: Place(codes[old[:3] + new], "mapped") for old, new in RENAMED.items()}
    for name, code in codes.items():
        stem = name[:-1]
        if len(stem) > 4:
            for rank in "鄉鎮市區":
                names.setdefault(stem + rank, Place(code, "mapped"))
    return names


def _alone(printed: dict[str, Place]) -> dict[str, Place]:
    places: dict[str, set[str | None]] = defaultdict(set)
    for name, place in printed.items():
        places[name[3:]].add(place.township_code)
    return {name: Place(codes.pop(), "inferred") for name, codes in places.items() if len(codes) == 1}


def _with_tai(name: str) -> list[str]:
    """Every spelling of a name with 臺 or 台."""
    return [
        "".join(signs) for signs in product(*(("臺", "台") if sign == "臺" else (sign,) for sign in name))
    ]


def _english_names(rows: list[dict[str, str]]) -> list[tuple[str, dict[str, str]]]:
    towns: dict[str, dict[str, str]] = defaultdict(dict)
    for row in rows:
        towns[row["county_en"].lower()][row["town_en"].lower().replace("’", "'")] = row["town_code"]
    return sorted(towns.items(), key=lambda pair: -len(pair[0]))
