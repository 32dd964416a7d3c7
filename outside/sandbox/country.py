"""The fictitious country: every enterprise is computed from its index, so that any of them can be had without keeping a list.

`python -m outside.sandbox.country --count N --out FILE.csv` writes the Ministry of Finance's BGMOPEN1 format.
"""

import argparse
import sys
import time
from collections.abc import Iterator
from datetime import date
from functools import cache
from hashlib import blake2b
from pathlib import Path
from struct import Struct

from outside.sandbox import names, pools, streets
from outside.sandbox.enterprise import (
    CLOSED,
    COMPANIES,
    OPERATING,
    SUSPENDED,
    Enterprise,
    Row,
    gcis_kind_of,
)
from outside.sandbox.people import person_of
from outside.sandbox.samples import fixed_enterprises
from outside.sandbox.ubn import index_of, ubn_of

SEED = 115
MEMBER_LIKE = 100_000  # the first enterprises resemble the programme's members, the rest the whole register
HEADER = "營業地址,統一編號,總機構統一編號,營業人名稱,資本額,設立日期,組織別名稱,使用統一發票,行業代號,名稱,行業代號1,名稱1,行業代號2,名稱2,行業代號3,名稱3"
DATE_ROW = "31-DEC-25" + "," * 15
_DRAWS = Struct("<22H")


class Country:
    """The draw lists of one seed."""

    def __init__(self, seed: int = SEED) -> None:
        self.key = str(seed).encode()
        self.towns = pools.townships()
        self.bases = [streets.address_bases(town) for town in self.towns]
        self.regions = [names.region_cores(town) for town in self.towns]
        self.ends = streets.address_ends()
        words = pools.content("names.json")
        self.third = list(words["auspicious"]["third_for_companies"])
        self.nature = words["nature"]
        self.cores: list[list[str]] = [
            names.auspicious_cores(),
            names.auspicious_cores(),
            names.family_cores(),
            names.place_cores(),
            [],
            words["nature_phrases"],
            words["modern_words"],
            words["modern_words"],
            words["craft_words"],
        ]
        self.dates = [(day, f"{day.year - 1911:03d}{day:%m%d}") for day in pools.setup_dates()]
        self.company_capitals, self.other_capitals = pools.capitals(True), pools.capitals(False)
        self.staff = pools.staff_numbers()
        self.town_draws = (pools.township_draw(0.80), pools.township_draw(0.70))
        self.trade_draws = (names.trade_draw("members"), names.trade_draw("registry"))
        self.trades = (names.trades("members"), names.trades("registry"))

    def draws(self, index: int) -> tuple[int, ...]:
        """Twenty-two 16-bit numbers that belong to this index for ever."""
        return _DRAWS.unpack(blake2b(index.to_bytes(8, "little"), digest_size=44, key=self.key).digest())

    def form(self, index: int, draws: tuple[int, ...]) -> tuple[names.Trade, names.Form]:
        """The trade and the legal form."""
        like = index >= MEMBER_LIKE
        trade = self.trades[like][self.trade_draws[like][draws[1] & 8191]]
        return trade, trade.forms[draws[2] & 255]

    def row(self, index: int) -> Row:
        """What the tax register prints; the fast path of the file writer."""
        draws = self.draws(index)
        trade, form = self.form(index, draws)
        town = self.town_draws[index >= MEMBER_LIKE][draws[0]]
        company = form.kind in COMPANIES
        name, head, kind, word = self.name(form, town, draws), "", form.kind, form.registry_word
        if draws[17] < (400 if index < MEMBER_LIKE else 1440) and company and index > 64:
            name, head = self._branch(index, town, draws)
            kind, word = "branch", "分公司"
        address = self.bases[town][draws[6] & 63] + self.ends[draws[7]]
        if draws[8] < 1300:
            address = self._with_noise(address, town, draws)
        day, roc = self.dates[draws[9] & 8191]
        capital = 0 if head else (self.company_capitals if company else self.other_capitals)[draws[10] & 8191]
        invoice = "Y" if company or draws[11] < 19_000 else "N"
        status = OPERATING if draws[12] > 1966 else SUSPENDED if draws[12] > 655 else CLOSED
        industries = trade.codes if draws[13] < 45_000 else self._industries(trade, index, draws)
        staff = self.staff[draws[16] & 8191]
        return Row(
            address,
            ubn_of(index),
            head,
            name,
            capital,
            day,
            roc,
            word,
            invoice,
            industries,
            status,
            kind,
            town,
            staff,
        )

    def name(self, form: names.Form, town: int, draws: tuple[int, ...]) -> str:
        """Core, perhaps a trade word, and the legal ending."""
        core, worded = divmod(form.patterns[draws[3] % len(form.patterns)], 2)
        words = self.cores[core] or self.regions[town]
        text = words[draws[4] % len(words)]
        if core == 1:
            text += self.third[draws[5] % len(self.third)]
        elif core == 7:
            text += self.nature[draws[5] % len(self.nature)]
        return text + (form.worded_suffixes[draws[5] % len(form.worded_suffixes)] if worded else form.suffix)

    def _branch(self, index: int, town: int, draws: tuple[int, ...]) -> tuple[str, str]:
        """Name and head office: the nearest earlier company that is no branch itself."""
        other = draws[18] % 64
        while True:
            row_draws = self.draws(other)
            _, form = self.form(other, row_draws)
            if form.kind in COMPANIES:
                break
            other += 1
        head_town = self.town_draws[other >= MEMBER_LIKE][row_draws[0]]
        place = self.towns[town].name
        return (
            f"{self.name(form, head_town, row_draws)}{place[:-1] if len(place) > 2 else place}分公司",
            ubn_of(other),
        )

    def _industries(
        self, trade: names.Trade, index: int, draws: tuple[int, ...]
    ) -> tuple[tuple[str, str], ...]:
        """The main code and up to three more; main first."""
        others = [
            self.trades[0][self.trade_draws[0][draw & 8191]].codes[0]
            for draw in draws[14 : 14 + 1 + draws[13] % 3]
        ]
        return tuple(dict.fromkeys((*trade.codes[:1], *others)))[:4]

    def _with_noise(self, address: str, town: int, draws: tuple[int, ...]) -> str:
        """The small untidiness of the real file, in its shares."""
        place, draw = self.towns[town], draws[8]
        if draw < 262:
            return address[len(place.county) :]
        if draw < 302:
            return ""
        if draw < 1000:
            return address[:6] + "\u3000" + address[6:]
        return f"{place.postal3}{address}"

    def enterprise(self, index: int) -> Enterprise:
        """All that is known about one enterprise."""
        row = self.row(index)
        town = self.towns[row.town]
        draws = self.draws(index)
        suspended = date(2025, 1 + draws[19] % 11, 1 + draws[20] % 28) if row.status == SUSPENDED else None
        gcis_kind = gcis_kind_of(row.kind)
        return Enterprise(
            index=index,
            ubn=row.ubn,
            head_office_ubn=row.head_office_ubn,
            name=row.name,
            address=row.address,
            town_code=town.code,
            county=town.county,
            town=town.name,
            capital_twd=row.capital_twd,
            setup_date=row.setup_date,
            organisation_kind=row.organisation_kind,
            kind=row.kind,
            uses_invoice=row.uses_invoice == "Y",
            industries=row.industries,
            tax_status=row.status,
            suspended_from=suspended,
            gcis_kind=gcis_kind,
            gcis_status=_gcis_status(row, draws) if gcis_kind else "",
            responsible=person_of(index, town.id_letter, key=self.key),
            employees=row.employees,
        )


def _gcis_status(row: Row, draws: tuple[int, ...]) -> str:
    if row.status == CLOSED:
        return "04" if draws[21] & 1 else "09"
    return "04" if draws[21] < 130 else "01"


@cache
def country(seed: int = SEED) -> Country:
    """The country of a seed, made once."""
    return Country(seed)


def enterprises(count: int, seed: int = SEED) -> Iterator[Enterprise]:
    """The first `count` enterprises."""
    land = country(seed)
    return (land.enterprise(index) for index in range(count))


def by_ubn(ubn: str, *, limit: int, seed: int = SEED) -> Enterprise | None:
    """The enterprise with this number among the first `limit`, else None."""
    index = index_of(ubn)
    return country(seed).enterprise(index) if index is not None and index < limit else None


# ---- the open-data file -----------------------------------------------------------------------------------


def register_line(row: Row) -> str:
    """One line of BGMOPEN1.csv: address and name quoted, four pairs of industry columns."""
    cells = ",".join([f"{code},{name}" for code, name in row.industries])
    return (
        f'"{row.address}",{row.ubn},{row.head_office_ubn},"{row.name}",{row.capital_twd},{row.setup_roc},'
        f"{row.organisation_kind},{row.uses_invoice},{cells}{',,' * (4 - len(row.industries))}\n"
    )


def register_rows(count: int, seed: int = SEED) -> Iterator[Row]:
    """`count` operating businesses: the samples and vendors first, then the country."""
    fixed = [one.row() for one in fixed_enterprises() if one.tax_status == OPERATING and one.industries]
    yield from fixed[:count]
    left, index, land = count - len(fixed), 0, country(seed)
    while left > 0:
        row = land.row(index)
        index += 1
        if row.status == OPERATING:
            left -= 1
            yield row


def write_register(path: Path, count: int, seed: int = SEED) -> None:
    """Write BGMOPEN1.csv: byte-order mark, header, the row that holds only a date, then the businesses."""
    with path.open("w", encoding="utf-8-sig", newline="", buffering=1 << 20) as file:
        file.write(f"{HEADER}\n{DATE_ROW}\n")
        file.writelines(map(register_line, register_rows(count, seed)))


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description="Write the fictitious country as BGMOPEN1.csv.")
    parser.add_argument("--count", type=int, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=SEED)
    options = parser.parse_args()
    started = time.monotonic()
    write_register(options.out, options.count, options.seed)
    sys.stdout.write(f"{options.count} rows in {time.monotonic() - started:.1f} s: {options.out}\n")


if __name__ == "__main__":
    main()
