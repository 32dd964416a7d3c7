"""The Ministry of Economic Affairs' register of companies and businesses (GCIS open data).

Source: data.gcis.nat.gov.tw/od/rule. A query that finds nothing answers with an *empty body*, not with `[]`; `$top` is at most 1000.
The kind of a number is asked first: that answer is never empty, so an empty body there is a fault and not a miss.
"""

import csv
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any, Literal

from outside import http
from outside.addresses import address_of
from outside.http import OutsideAnswerBroken
from outside.roc import roc_day

SYSTEM = "gcis"
KIND_OF_NUMBER = "673F0FC0-B3A7-429F-9041-E9866836B66D"
COMPANY = "5F64D864-61CB-4D0D-8AD9-492047CC1EA6"
COMPANY_ITEMS = "236EE382-4942-41A9-BD03-CA0709025E7C"
BRANCH = "23632BB3-5DB7-4423-9643-1D4AC140D479"
BUSINESS_ITEMS = "426D5542-5F05-43EB-83F9-F1300F14E1F1"
BUSINESS = "7E6AFA72-AD6A-46D3-8681-ED77951D912D"
KINDS: dict[str, Literal["company", "branch", "business"]] = {
    "公司": "company",
    "分公司": "branch",
    "商業": "business",
}
Kind = Literal["company", "branch", "business"]
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class GcisRecord:
    """What the register says about one number. Capital in NT$; `raw` holds the rows as they came, by data set."""

    ubn: str
    kind: Kind
    name: str
    status_code: str
    status_description: str
    is_active: bool
    responsible_name: str
    capital_twd: int
    paid_in_capital_twd: int
    address: str
    setup_date: date | None
    organisation_kind: str
    head_office_ubn: str
    agency: str
    business_items: tuple[tuple[str, str], ...]
    source: str
    fetched_at: datetime
    raw: dict[str, Row] = field(hash=False)


def look_up(ubn: str) -> GcisRecord | None:
    """The record of a number, or None when it is no company, branch or registered business.

    Raises: OutsideDown, OutsideAnswerBroken.
    """
    kind = kind_of(ubn)
    readers = {"company": _company, "branch": _branch, "business": _business}
    return readers[kind](ubn) if kind else None


def kind_of(ubn: str) -> Kind | None:
    """Whether the number is a company, a branch, a business, or none of them.

    Raises: OutsideDown, OutsideAnswerBroken.
    """
    rows = _rows(KIND_OF_NUMBER, f"No eq {ubn}")
    if not rows or not all("TYPE" in row and "exist" in row for row in rows):
        raise OutsideAnswerBroken(SYSTEM, "the kind of a number came back empty or without its fields")
    known = [KINDS[row["TYPE"]] for row in rows if row["exist"] == "Y" and row["TYPE"] in KINDS]
    return known[0] if known else None


def _company(ubn: str) -> GcisRecord:
    basic = _only(COMPANY, f"Business_Accounting_NO eq {ubn}")
    items = _only(COMPANY_ITEMS, f"Business_Accounting_NO eq {ubn}")
    _check_number(ubn, basic.get("Business_Accounting_NO"))
    description = _text(basic, "Company_Status_Desc")
    return _record(
        ubn=ubn,
        kind="company",
        name=_text(basic, "Company_Name"),
        status_code=_text(items, "Company_Status") or code_of(description),
        status_description=description,
        responsible_name=_text(basic, "Responsible_Name"),
        capital_twd=_amount(basic, "Capital_Stock_Amount"),
        paid_in_capital_twd=_amount(basic, "Paid_In_Capital_Amount")
        or _amount(basic, "Capital_Stock_Amount"),
        address=_text(basic, "Company_Location"),
        setup_date=_day(basic, "Company_Setup_Date"),
        agency=_text(basic, "Register_Organization_Desc"),
        business_items=_items(items.get("Cmp_Business")),
        raw={COMPANY: basic, COMPANY_ITEMS: items},
    )


def _branch(ubn: str) -> GcisRecord:
    row = _only(BRANCH, f"Branch_Office_Business_Accounting_NO eq {ubn}")
    _check_number(ubn, row.get("Branch_Office_Business_Accounting_NO"))
    description = _text(row, "Branch_Office_Status_Desc")
    return _record(
        ubn=ubn,
        kind="branch",
        name=_text(row, "Branch_Office_Name"),
        status_code=_text(row, "Branch_Office_Status") or code_of(description),
        status_description=description,
        responsible_name=_text(row, "Branch_Office_Manager_Name"),
        address=_text(row, "Branch_Office_Location"),
        setup_date=_day(row, "Branch_Office_Setup_Date"),
        head_office_ubn=_text(row, "Business_Accounting_NO"),
        raw={BRANCH: row},
    )


def _business(ubn: str) -> GcisRecord:
    items = _only(BUSINESS_ITEMS, f"President_No eq {ubn}")
    agency = _text(items, "Agency")
    basic = _only(BUSINESS, f"President_No eq {ubn} and Agency eq {agency}") if agency else {}
    _check_number(ubn, items.get("President_No"))
    description = _text(items, "Business_Current_Status_Desc")
    return _record(
        ubn=ubn,
        kind="business",
        name=_text(items, "Business_Name"),
        status_code=_text(basic, "Business_Current_Status")
        or _text(items, "Business_Current_Status")
        or code_of(description),
        status_description=description,
        responsible_name=_text(basic, "Responsible_Name"),
        capital_twd=_amount(basic, "Business_Register_Funds"),
        paid_in_capital_twd=_amount(basic, "Business_Register_Funds"),
        address=_text(items, "Business_Address"),
        setup_date=_day(items, "Business_Setup_Approve_Date"),
        organisation_kind=_text(items, "Business_Organization_Type_Desc"),
        agency=_text(items, "Agency_Desc"),
        business_items=_items(items.get("Business_Item_Old")),
        raw={BUSINESS_ITEMS: items, BUSINESS: basic},
    )


def _record(**facts: Any) -> GcisRecord:
    if not facts["name"] or not facts["status_description"]:
        raise OutsideAnswerBroken(SYSTEM, "the name or the status is missing")
    code = facts["status_code"]
    rest = {
        "capital_twd": 0,
        "paid_in_capital_twd": 0,
        "organisation_kind": "",
        "head_office_ubn": "",
        "agency": "",
        "business_items": (),
    }
    return GcisRecord(
        **{**rest, **facts},
        is_active=is_active(code),
        source=address_of("GCIS_URL"),
        fetched_at=datetime.now(UTC),
    )


# ---- the protocol -----------------------------------------------------------------------------------------


def _only(dataset: str, condition: str) -> Row:
    """The first row; a number that is said to exist must have one."""
    rows = _rows(dataset, condition)
    if not rows:
        raise OutsideAnswerBroken(SYSTEM, f"the number exists, but data set {dataset[:8]} does not have it")
    return rows[0]


def _rows(dataset: str, condition: str) -> list[Row]:
    answer = http.get(
        SYSTEM,
        f"{address_of('GCIS_URL')}/od/data/api/{dataset}",
        params={"$format": "json", "$filter": condition, "$skip": "0", "$top": "50"},
    )
    if not answer.body.strip():
        return []
    data = answer.data()
    if not isinstance(data, list) or not all(isinstance(row, dict) for row in data):
        raise OutsideAnswerBroken(SYSTEM, "expected a list of rows")
    return data


def _check_number(ubn: str, answered: Any) -> None:
    if str(answered).strip() != ubn:
        raise OutsideAnswerBroken(SYSTEM, f"asked for {ubn}, answered about {str(answered)[:20]!r}")


def _text(row: Row, name: str) -> str:
    value = row.get(name)
    return "" if value is None else str(value).strip()


def _amount(row: Row, name: str) -> int:
    try:
        return int(row.get(name) or 0)
    except (ValueError, TypeError) as error:
        raise OutsideAnswerBroken(SYSTEM, f"{name} is not a number") from error


def _day(row: Row, name: str) -> date | None:
    try:
        return roc_day(_text(row, name))
    except ValueError as error:
        raise OutsideAnswerBroken(SYSTEM, f"{name} is not a day") from error


def _items(rows: Any) -> tuple[tuple[str, str], ...]:
    if not isinstance(rows, list):
        return ()
    return tuple(
        (_text(row, "Business_Item"), _text(row, "Business_Item_Desc"))
        for row in rows
        if isinstance(row, dict)
    )


# ---- status codes -----------------------------------------------------------------------------------------


@cache
def status_descriptions() -> dict[str, str]:
    """The 33 codes of a company's status. Source: GCIS code table."""
    with (Path(__file__).parent / "gcis_status.csv").open(encoding="utf-8") as file:
        return {row["code"]: row["desc_zh"] for row in csv.DictReader(file)}


def code_of(description: str) -> str:
    """The code of a description, or an empty text for one that the table does not have."""
    return next((code for code, text in status_descriptions().items() if text == description), "")


def is_active(code: str) -> bool:
    """Only 01, approved and in being, is active."""
    return code == "01"
