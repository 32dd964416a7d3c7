"""The Ministry of Finance's register of businesses for tax: look-up by number.

Source: open-data interface of the Fiscal Information Agency (eip.fia.gov.tw, OAI): `/OAI/api/businessRegistration/{ban}` for
businesses in operation, `/OAI/api/nonBusinessUnit/{ban}` and `/OAI/api/schoolBanData/{ban}` for others; a miss is status 404.
Note: suspended and closed businesses are published as files (BGMOPEN1X, BGMOPEN1Y). The two look-ups for them below are named
after those files and are not confirmed: where they do not exist they answer 404 and the business is simply not found.
"""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, Literal

from outside import http
from outside.addresses import address_of
from outside.http import OutsideAnswerBroken
from outside.roc import roc_day

SYSTEM = "tax-registry"
Status = Literal["operating", "suspended", "closed"]
LOOK_UPS: tuple[tuple[str, Status, bool], ...] = (
    ("businessRegistration", "operating", True),
    ("businessSuspension", "suspended", True),
    ("businessClosure", "closed", True),
    ("nonBusinessUnit", "operating", False),
    ("schoolBanData", "operating", False),
)


@dataclass(frozen=True, slots=True)
class TaxRecord:
    """What the tax register says about one number. `capital_twd` in NT$; `raw` is the answer as it came."""

    ubn: str
    name: str
    address: str
    head_office_ubn: str
    capital_twd: int
    setup_date: date | None
    organisation_kind: str
    uses_invoice: bool
    industries: tuple[tuple[str, str], ...]
    status: Status
    suspended_from: date | None
    is_business: bool
    source: str
    fetched_at: datetime
    raw: dict[str, Any] = field(hash=False)


def look_up(ubn: str) -> TaxRecord | None:
    """The record of a number, or None when the register does not know it.

    Raises: OutsideDown, OutsideAnswerBroken.
    """
    for name, status, is_business in LOOK_UPS:
        url = f"{address_of('TAX_REGISTRY_URL')}/OAI/api/{name}/{ubn}"
        answer = http.get(SYSTEM, url, accept=(200, 404))
        if answer.status == 200:
            raw = answer.mapping()
            return _business(ubn, raw, status, url) if is_business else _body(ubn, raw, url)
    return None


def _business(ubn: str, raw: dict[str, Any], status: Status, url: str) -> TaxRecord:
    _check_number(ubn, raw)
    try:
        return TaxRecord(
            ubn=ubn,
            name=_text(raw["businessNm"]),
            address=_text(raw["businessAddress"]),
            head_office_ubn=_text(raw.get("headquartersBan")),
            capital_twd=int(raw.get("capitalAmount") or 0),
            setup_date=roc_day(_text(raw.get("businessSetupDate"))),
            organisation_kind=_text(raw.get("businessType")),
            uses_invoice=_text(raw.get("isUseInvoice")).upper() == "Y",
            industries=_industries(raw),
            status=status,
            suspended_from=roc_day(_text(raw.get("businessSuspendDate"))) if status == "suspended" else None,
            is_business=True,
            source=url,
            fetched_at=datetime.now(UTC),
            raw=raw,
        )
    except (KeyError, ValueError, TypeError) as error:
        raise OutsideAnswerBroken(SYSTEM, f"a field is missing or wrong: {error}") from error


def _body(ubn: str, raw: dict[str, Any], url: str) -> TaxRecord:
    """A body that is no business: an association, a cooperative, a school."""
    _check_number(ubn, raw)
    name = _text(raw.get("unitNm"))
    if not name:
        raise OutsideAnswerBroken(SYSTEM, "unitNm is missing")
    return TaxRecord(
        ubn=ubn,
        name=name,
        address=_text(raw.get("unitAddress")) or _text(raw.get("hsnNm")),
        head_office_ubn="",
        capital_twd=0,
        setup_date=None,
        organisation_kind="",
        uses_invoice=False,
        industries=(),
        status="operating",
        suspended_from=None,
        is_business=False,
        source=url,
        fetched_at=datetime.now(UTC),
        raw=raw,
    )


def _check_number(ubn: str, raw: dict[str, Any]) -> None:
    if _text(raw.get("ban")) != ubn:
        raise OutsideAnswerBroken(SYSTEM, f"asked for {ubn}, answered about {_text(raw.get('ban'))[:20]!r}")


def _industries(raw: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    pairs = [
        (_text(raw.get(f"industryCd{place}")), _text(raw.get(f"industryNm{place}")))
        for place in ("", 1, 2, 3)
    ]
    return tuple(pair for pair in pairs if pair[0])


def _text(value: Any) -> str:
    return "" if value is None else str(value).strip()
