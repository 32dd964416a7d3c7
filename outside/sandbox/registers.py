"""The twin's registers: tax (Ministry of Finance) and companies and businesses (GCIS), answering in their own shapes."""

import re
from typing import Any

from outside import gcis
from outside.sandbox.country import by_ubn
from outside.sandbox.enterprise import (
    CLOSED,
    OPERATING,
    SUSPENDED,
    Enterprise,
    roc_compact,
)
from outside.sandbox.samples import fixed_by_ubn
from outside.sandbox.web import Reply, Request, Twin, as_json, route

MAX_TOP = 1000
STATUS = {"businessRegistration": OPERATING, "businessSuspension": SUSPENDED, "businessClosure": CLOSED}
BUSINESS_STATUS = {"01": "核准設立", "04": "歇業", "09": "廢止"}


def known(twin: Twin, ubn: str) -> Enterprise | None:
    """The enterprise that the registers have under this number."""
    return fixed_by_ubn().get(ubn) or by_ubn(ubn, limit=twin.limit)


# ---- tax register -----------------------------------------------------------------------------------------


@route("GET", "/tax-registry/OAI/api/<dataset>/<ubn>")
def tax_record(twin: Twin, request: Request, dataset: str, ubn: str) -> Reply:
    """One record by number; a miss is status 404."""
    one = known(twin, ubn)
    if one is None:
        return as_json({"error": "查無資料"}, 404)
    if dataset in STATUS and one.industries and one.tax_status == STATUS[dataset]:
        return as_json(_tax_row(one))
    if dataset == "nonBusinessUnit" and not one.industries:
        return as_json(
            {
                "ban": ubn,
                "unitNm": one.name,
                "hsnNm": one.county,
                "unitAddress": one.address,
                "modifyDate": "",
            }
        )
    return as_json({"error": "查無資料"}, 404)


def _tax_row(one: Enterprise) -> dict[str, Any]:
    row: dict[str, Any] = {
        "ban": one.ubn,
        "businessNm": one.name,
        "businessAddress": one.address,
        "headquartersBan": one.head_office_ubn,
        "capitalAmount": one.capital_twd,
        "businessSetupDate": roc_compact(one.setup_date),
        "businessType": one.organisation_kind,
        "isUseInvoice": "Y" if one.uses_invoice else "N",
    }
    pairs = [*one.industries, *[("", "")] * 4][:4]
    for place, (code, name) in zip(("", 1, 2, 3), pairs, strict=True):
        row |= {f"industryCd{place}": code, f"industryNm{place}": name}
    if one.suspended_from:
        row["businessSuspendDate"] = roc_compact(one.suspended_from)
    return row


# ---- companies and businesses -----------------------------------------------------------------------------


@route("GET", "/gcis/od/data/api/<dataset>")
def gcis_rows(twin: Twin, request: Request, dataset: str) -> Reply:
    """Rows of a data set; a miss has an empty body."""
    query = request.query
    if query.get("$format") != "json" or "$filter" not in query:
        return Reply(400, "參數錯誤".encode(), "text/plain;charset=UTF-8")
    if not 1 <= _number(query.get("$top", "50")) <= MAX_TOP:
        return Reply(400, "top 超出範圍".encode(), "text/plain;charset=UTF-8")
    conditions = dict(re.findall(r"(\w+) eq (\S+)", query["$filter"]))
    reader = DATASETS.get(dataset.upper())
    if reader is None:
        return as_json({"error": "no such data set"}, 404)
    rows = reader(twin, conditions)[_number(query.get("$skip", "0")) :]
    return as_json(rows) if rows else Reply()


def _number(text: str) -> int:
    return int(text) if text.isdigit() else -1


def _kinds(twin: Twin, conditions: dict[str, str]) -> list[dict[str, Any]]:
    one = known(twin, conditions.get("No", ""))
    kind = one.gcis_kind if one else ""
    return [
        {"Year": str(115), "exist": "Y" if kind == code else "N", "TYPE": text}
        for text, code in gcis.KINDS.items()
    ]


def _of_kind(twin: Twin, ubn: str, kind: str) -> Enterprise | None:
    one = known(twin, ubn)
    return one if one and one.gcis_kind == kind else None


def _company(twin: Twin, conditions: dict[str, str]) -> list[dict[str, Any]]:
    one = _of_kind(twin, conditions.get("Business_Accounting_NO", ""), "company")
    if one is None:
        return []
    revoked = one.gcis_status != "01"
    return [
        {
            "Business_Accounting_NO": one.ubn,
            "Company_Status_Desc": gcis.status_descriptions()[one.gcis_status],
            "Company_Name": one.name,
            "Capital_Stock_Amount": one.capital_twd,
            "Paid_In_Capital_Amount": one.capital_twd if one.kind == "company_shares" else 0,
            "Responsible_Name": one.responsible.name,
            "Company_Location": one.address,
            "Register_Organization_Desc": f"{one.county}政府",
            "Company_Setup_Date": roc_compact(one.setup_date),
            "Change_Of_Approval_Data": "1140301",
            "Revoke_App_Date": "1140301" if revoked else "",
            "Case_Status": "",
            "Case_Status_Desc": "",
            "Sus_App_Date": "",
            "Sus_Beg_Date": "",
            "Sus_End_Date": "",
        }
    ]


def _company_items(twin: Twin, conditions: dict[str, str]) -> list[dict[str, Any]]:
    one = _of_kind(twin, conditions.get("Business_Accounting_NO", ""), "company")
    if one is None:
        return []
    return [
        {
            "Business_Accounting_NO": one.ubn,
            "Company_Name": one.name,
            "Company_Status": one.gcis_status,
            "Company_Status_Desc": gcis.status_descriptions()[one.gcis_status],
            "Company_Setup_Date": roc_compact(one.setup_date),
            "Cmp_Business": _items(one, "Business_Seq_NO"),
        }
    ]


def _items(one: Enterprise, sequence: str) -> list[dict[str, str]]:
    items = one.business_items or (("ZZ99999", "除許可業務外，得經營法令非禁止或限制之業務"),)
    return [
        {sequence: f"{place:04d}", "Business_Item": code, "Business_Item_Desc": text}
        for place, (code, text) in enumerate(items, 1)
    ]


def _branch(twin: Twin, conditions: dict[str, str]) -> list[dict[str, Any]]:
    one = _of_kind(twin, conditions.get("Branch_Office_Business_Accounting_NO", ""), "branch")
    if one is None:
        return []
    return [
        {
            "Branch_Office_Business_Accounting_NO": one.ubn,
            "Branch_Office_Name": one.name,
            "Branch_Office_Status": one.gcis_status,
            "Branch_Office_Status_Desc": gcis.status_descriptions()[one.gcis_status],
            "Branch_Office_Manager_Name": one.responsible.name,
            "Branch_Office_Location": one.address,
            "Branch_Office_Setup_Date": roc_compact(one.setup_date),
            "Business_Accounting_NO": one.head_office_ubn,
        }
    ]


def _agency(one: Enterprise) -> str:
    return f"37{one.town_code[:5]}00A"


def _business(twin: Twin, conditions: dict[str, str]) -> list[dict[str, Any]]:
    one = _of_kind(twin, conditions.get("President_No", ""), "business")
    if one is None or conditions.get("Agency") != _agency(one):
        return []
    return [
        _business_row(one)
        | {
            "Business_Register_Funds": one.capital_twd,
            "Responsible_Name": one.responsible.name,
            "Business_Organization_Type": "01" if one.organisation_kind == "獨資" else "02",
            "Business_Last_Change_Date": "1130520",
        }
    ]


def _business_items(twin: Twin, conditions: dict[str, str]) -> list[dict[str, Any]]:
    one = _of_kind(twin, conditions.get("President_No", ""), "business")
    return [_business_row(one) | {"Business_Item_Old": _items(one, "Business_Seq_No")}] if one else []


def _business_row(one: Enterprise) -> dict[str, Any]:
    return {
        "President_No": one.ubn,
        "Business_Name": one.name,
        "Business_Current_Status": one.gcis_status,
        "Business_Current_Status_Desc": BUSINESS_STATUS[one.gcis_status],
        "Business_Address": one.address,
        "Business_Setup_Approve_Date": roc_compact(one.setup_date),
        "Business_Organization_Type_Desc": one.organisation_kind,
        "Agency": _agency(one),
        "Agency_Desc": f"{one.county}政府",
    }


DATASETS = {
    gcis.KIND_OF_NUMBER: _kinds,
    gcis.COMPANY: _company,
    gcis.COMPANY_ITEMS: _company_items,
    gcis.BRANCH: _branch,
    gcis.BUSINESS_ITEMS: _business_items,
    gcis.BUSINESS: _business,
}
