"""Fixed enterprises: one business number for every situation that a person should be able to try, and the vendors of the catalogue."""

import csv
from dataclasses import dataclass, replace
from datetime import date
from functools import cache

from outside.sandbox.enterprise import (
    CLOSED,
    OPERATING,
    SUSPENDED,
    Enterprise,
    gcis_kind_of,
)
from outside.sandbox.people import Person, national_id
from outside.sandbox.pools import CONTENT, townships
from outside.sandbox.ubn import with_check_digit

SOFTWARE_ITEMS = (
    ("I301010", "資訊軟體服務業"),
    ("I301020", "資料處理服務業"),
    ("I301030", "電子資訊供應服務業"),
)
SOFTWARE_INDUSTRY = (("620100", "電腦程式設計"),)
RESTAURANT = (("561115", "餐廳"),)


@dataclass(frozen=True, slots=True)
class Sample:
    """A number to type, and what it shows. `enterprise` is None where no register knows the number."""

    key: str
    ubn: str
    name: str
    note_zh: str
    note_en: str
    enterprise: Enterprise | None


def _number(place: int) -> str:
    return with_check_digit(9_000_000 + place * 11)


def _enterprise(
    place: int, name: str, township: str, street: str, person: tuple[str, str], **facts: object
) -> Enterprise:
    town = next(town for town in townships() if town.county + town.name == township)
    gender, who = person
    kind = str(facts.pop("kind", "sole_business"))
    plain = Enterprise(
        index=-place,
        ubn=_number(place),
        head_office_ubn="",
        name=name,
        address=town.county + town.name + street,
        town_code=town.code,
        county=town.county,
        town=town.name,
        capital_twd=200_000,
        setup_date=date(2016, 3, 14),
        organisation_kind="獨資",
        kind=kind,
        uses_invoice=True,
        industries=RESTAURANT,
        tax_status=OPERATING,
        suspended_from=None,
        gcis_kind=gcis_kind_of(kind),
        gcis_status="01" if gcis_kind_of(kind) else "",
        responsible=Person(
            who,
            national_id(town.id_letter, gender, 900_000 + place),
            date(1971, 5, 20),
            gender,
            f"0987{place:06d}",
        ),
        employees=4,
    )
    return replace(plain, **facts)  # type: ignore[arg-type]


@cache
def samples() -> tuple[Sample, ...]:
    """All samples, in the order in which they are shown."""
    return (
        *(Sample(key, one.ubn, one.name, note_zh, note_en, one) for key, one, note_zh, note_en in _known()),
        Sample(
            "unknown",
            _number(90),
            "",
            "號碼正確，但所有登記資料都查無此號",
            "A valid number that no register knows",
            None,
        ),
        Sample(
            "wrong_checksum",
            _wrong(_number(91)),
            "",
            "檢查碼錯誤，打字時就會被發現",
            "The check digit is wrong: found while typing",
            None,
        ),
    )


def _wrong(ubn: str) -> str:
    return ubn[:7] + str((int(ubn[7]) + 1) % 10)


def _known() -> tuple[tuple[str, Enterprise, str, str], ...]:
    company = {"kind": "company_limited", "organisation_kind": "有限公司", "capital_twd": 5_000_000}
    return (
        (
            "restaurant",
            _enterprise(1, "老榕樹下麵館", "臺南市中西區", "民生路二段１２６號", ("f", "林秀琴")),
            "一切正常的小餐廳：可加入並取得點數",
            "A healthy small restaurant: may join and get points",
        ),
        (
            "retail",
            _enterprise(
                2,
                "巷口日和選物有限公司",
                "臺北市大安區",
                "復興南路一段８８號１樓",
                ("m", "陳柏翰"),
                industries=(("471913", "雜貨店"), ("473211", "服裝零售")),
                **company,
            ),
            "一切正常的零售公司",
            "A healthy retail company",
        ),
        (
            "rural_guest_house",
            _enterprise(
                3,
                "稻浪民宿",
                "臺東縣池上鄉",
                "福原村稻香路９８號",
                ("f", "潘玉蘭"),
                kind="guesthouse",
                industries=(("559011", "民宿"),),
                uses_invoice=False,
            ),
            "偏鄉的民宿：符合偏鄉專區",
            "A rural guest house: fits the rural zone",
        ),
        (
            "clinic",
            _enterprise(
                4,
                "安和家醫科診所",
                "臺中市西屯區",
                "文心路三段２１號",
                ("m", "許志明"),
                kind="clinic",
                organisation_kind="其他",
                industries=(("862011", "西醫診所"),),
                uses_invoice=False,
            ),
            "診所：只有稅籍登記，符合診所雲端化專區",
            "A clinic: known to the tax office only, fits the clinics zone",
        ),
        (
            "cooperative",
            _enterprise(
                5,
                "有限責任美濃果菜生產合作社",
                "高雄市美濃區",
                "中圳里伯公路５８號",
                ("f", "鍾滿妹"),
                kind="cooperative",
                organisation_kind="合作社",
                industries=(),
                uses_invoice=False,
            ),
            "合作社：非營業人，由扣繳單位資料查得",
            "A cooperative: a non-business body, found in the register of such bodies",
        ),
        (
            "suspended",
            _enterprise(
                6,
                "轉角咖啡館",
                "新北市板橋區",
                "文化路一段１８８號",
                ("m", "王建宏"),
                tax_status=SUSPENDED,
                suspended_from=date(2025, 9, 1),
                industries=(("563112", "咖啡館"),),
            ),
            "稅籍停業中：請先辦理復業",
            "Suspended in the tax register: must resume business first",
        ),
        (
            "closed",
            _enterprise(
                7,
                "順發五金行",
                "彰化縣彰化市",
                "中山路二段３０２號",
                ("m", "黃添財"),
                tax_status=CLOSED,
                gcis_status="09",
                industries=(("474913", "家庭五金零售"),),
            ),
            "已歇業",
            "Closed down",
        ),
        (
            "dissolved",
            _enterprise(
                8,
                "昇泰國際有限公司",
                "桃園市中壢區",
                "中正路５６號３樓",
                ("f", "李淑芬"),
                gcis_status="04",
                industries=(("469999", "未分類其他專賣批發"),),
                **company,
            ),
            "公司登記已解散，但稅籍仍營業：兩處登記不一致",
            "Dissolved in the company register, still active for tax: the registers disagree",
        ),
        (
            "too_large",
            _enterprise(
                9,
                "鉅泰精密股份有限公司",
                "臺中市西屯區",
                "工業區十二路１８號",
                ("m", "張國雄"),
                kind="company_shares",
                organisation_kind="股份有限公司",
                capital_twd=860_000_000,
                employees=640,
                industries=(("254900", "其他金屬製品製造業"),),
            ),
            "資本額與員工數都超過中小企業標準",
            "Capital and staff above the limits for small and medium enterprises",
        ),
        (
            "funded_elsewhere",
            _enterprise(
                10,
                "好日手作烘焙坊",
                "新竹市東區",
                "光復路二段１０１號",
                ("f", "吳佳穎"),
                industries=(("472999", "未分類其他食品、飲料及菸草製品零售"),),
            ),
            "已在其他計畫領過小額補助：不重複補助",
            "Already has a small grant from a sister programme: no double subsidy",
        ),
        (
            "branch",
            replace(
                _enterprise(
                    11,
                    "巷口日和選物有限公司板橋分公司",
                    "新北市板橋區",
                    "文化路二段８６號",
                    ("m", "陳柏翰"),
                    kind="branch",
                    organisation_kind="分公司",
                    capital_twd=0,
                    industries=(("471913", "雜貨店"),),
                ),
                head_office_ubn=_number(2),
            ),
            "分公司：點數由總公司申請",
            "A branch: points are for the head office to ask for",
        ),
        (
            "second_restaurant",
            _enterprise(
                12,
                "阿水伯小吃店",
                "南投縣中寮鄉",
                "中寮村永平路３７１號",
                ("m", "蔡金水"),
                industries=(("561113", "麵店、小吃店"),),
                uses_invoice=False,
            ),
            "一切正常的小吃店：再試一次用",
            "A healthy snack shop: for a second try",
        ),
    )


@cache
def sample(key: str) -> Sample:
    """The sample of this key.

    Raises: StopIteration for a key that does not exist.
    """
    return next(one for one in samples() if one.key == key)


def vendor_ubn(code: str) -> str:
    """The business number of the vendor V001 … V999 of the catalogue."""
    return with_check_digit(9_100_000 + int(code.removeprefix("V")) * 137)


@cache
def vendors() -> tuple[Enterprise, ...]:
    """The vendors as the registers know them: software firms with the business items the vendor gate asks for."""
    with (CONTENT / "vendors.csv").open(encoding="utf-8") as file:
        return tuple(_vendor(row) for row in csv.DictReader(file))


def _vendor(row: dict[str, str]) -> Enterprise:
    place = int(row["code"][1:])
    shares = row["kind"] == "company_limited_by_shares"
    towns = [town for town in townships() if town.county == row["county_zh"]]
    town = max(towns, key=lambda town: town.population)
    names = ("周俊傑", "蘇怡君", "曾志豪", "賴雅婷", "葉承翰", "郭美玲", "洪冠宇", "邱淑惠")
    return replace(
        _enterprise(
            100 + place,
            row["name_zh"],
            town.county + town.name,
            f"中正路{place * 3 + 5}號{place % 11 + 2}樓",
            ("f" if place % 2 else "m", names[place % len(names)]),
            kind="company_shares" if shares else "company_limited",
            organisation_kind="股份有限公司" if shares else "有限公司",
            industries=SOFTWARE_INDUSTRY,
            setup_date=date(int(row["founded_roc_year"]) + 1911, 1 + place % 12, 1 + place % 28),
            capital_twd=int(row["capital_twd"]),
            employees=int(row["employees"]),
            business_items=SOFTWARE_ITEMS,
        ),
        ubn=vendor_ubn(row["code"]),
    )


@cache
def fixed_enterprises() -> tuple[Enterprise, ...]:
    """Samples and vendors."""
    return tuple(one.enterprise for one in samples() if one.enterprise) + vendors()


@cache
def fixed_by_ubn() -> dict[str, Enterprise]:
    """Samples and vendors by number."""
    return {one.ubn: one for one in fixed_enterprises()}
