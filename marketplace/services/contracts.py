"""The contract of an order: what is frozen, the paper to be signed, the sealed paper with both sides' evidence."""

from __future__ import annotations

import json
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any, cast

from django.conf import settings
from django.db import transaction
from django.db.models import Count, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override

from marketplace.deadlines import answer_due, copay_due, days_of, end_of_month
from marketplace.models.orders import Contract, Order, Signature
from organisations.models.organisation import Organisation
from organisations.models.people import ProofMethod
from papers.columns import Kind
from papers.contracts import (
    ClauseReference,
    ContractData,
    ContractSignature,
    Exit,
    Party,
    contract_digest,
    contract_pdf,
)
from papers.rows import PLAIN
from papers.seal import SealKey, attach_evidence, make_platform_seal_key, seal_pdf
from points.models.programmes import Clause
from vendors.models.solutions import Plan

CITED = ("R3-3", "R3-5", "R4-4", "R4-5", "R4-6", "R4-8", "R4-11", "R4-12", "R4-13", "R4-14", "R5-2")
SEALABLE = (Order.State.ACCEPTED, Order.State.ACTIVATED, Order.State.IN_USE)


def freeze(plan: Plan) -> dict[str, Any]:
    """The plan and the solution file as they are now, in both languages; orders keep this copy."""
    version = plan.version
    return {
        "solution": {
            "code": version.solution.code,
            "version": version.number,
            "name_zh": version.name_zh,
            "name_en": version.name_en,
            "summary_zh": version.summary_zh,
            "summary_en": version.summary_en,
            "functions_zh": version.functions_zh,
            "functions_en": version.functions_en,
            "category_zh": version.solution.main_sub_category.name_zh,
            "category_en": version.solution.main_sub_category.name_en,
        },
        "plan": {
            "name_zh": plan.name_zh,
            "name_en": plan.name_en,
            "price_twd": plan.price_twd,
            "months": plan.months,
            "users": plan.users,
            "data_volume": plan.data_volume,
        },
        "details": version.details,
    }


def draw_contract(order: Order, *, at: datetime) -> Contract:
    """The paper that both will sign, as of the day of `at`; drawn anew while it is a draft.

    What is signed is the digest of what is agreed; it is printed on every page. The data are kept, so that the sealed
    paper says what was signed, whatever the registers say by then.
    """
    data = _as_json(contract_data(order, at=at))
    paper, digest = contract_pdf(data), contract_digest(data)
    contract, _new = Contract.objects.update_or_create(
        order=order, defaults={"data": data, "unsigned_pdf": paper, "sha256": digest, "made_at": at}
    )
    return contract


def _as_json(data: ContractData) -> ContractData:
    plain: ContractData = json.loads(json.dumps(data, ensure_ascii=False, default=_iso))
    return plain


def _iso(value: object) -> str:
    kind = Kind.DATETIME if isinstance(value, datetime) else Kind.DATE
    (text,) = PLAIN[kind]([value])
    return text


def is_of_today(contract: Contract, *, at: datetime) -> bool:
    """Whether the days printed in the contract hold if it is signed now."""
    return timezone.localdate(contract.made_at) == timezone.localdate(at)


def renew_contract(order: Order, *, at: datetime) -> Contract:
    """The contract of a draft with the days as they are if it is signed today; nothing is done when it has them."""
    with transaction.atomic():
        locked = Order.objects.select_for_update().get(pk=order.pk)
        contract = Contract.objects.get(order=order)
        if locked.state != Order.State.DRAFT or is_of_today(contract, at=at):
            return contract
        return draw_contract(locked, at=at)


def seal_contract(order: Order, *, at: datetime) -> Contract:
    """The paper with both signatures printed, their evidence inside, and the platform's seal over every byte.

    Sealing twice gives the first paper again. Raises: AssertionError while a signature is missing, or when the paper
    would not say what was signed.
    """
    contract = Contract.objects.get(order=order)
    if contract.sealed_at:
        return contract
    signatures = list(contract.signatures.select_related("signed_by").order_by("signed_at"))
    if {each.party for each in signatures} != set(Signature.Party.values):
        raise AssertionError("a contract is sealed when both sides have signed")
    data = cast("ContractData", {**contract.data, "signatures": [_shown(each) for each in signatures]})
    if contract_digest(data) != contract.sha256:
        raise AssertionError("the paper is not the one that was signed")
    pdf = contract_pdf(data)
    for each in signatures:
        pdf = attach_evidence(pdf, f"{each.party}-signature.json", _evidence(contract, each))
    with override("zh-hant"):
        sealed = seal_pdf(pdf, key=platform_key(), reason=_("合約封印"), at=at)
    with transaction.atomic():
        locked = Contract.objects.select_for_update().get(pk=contract.pk)
        if locked.sealed_at is None:
            locked.sealed_pdf, locked.sealed_at = sealed, at
            locked.save(update_fields=["sealed_pdf", "sealed_at"])
    return locked


def unsealed_orders() -> QuerySet[Order]:
    """Orders whose contract both have signed and that is not sealed yet."""
    waiting = Order.objects.filter(state__in=SEALABLE, contract__sealed_at=None)
    return waiting.annotate(signed=Count("contract__signatures")).filter(signed=2).order_by("accepted_at")


@cache
def platform_key() -> SealKey:
    """The platform's seal: given by settings, or made once for development and demonstration."""
    if settings.SEAL_CERTIFICATE and settings.SEAL_KEY:
        return SealKey.from_files(settings.SEAL_CERTIFICATE, settings.SEAL_KEY)
    return make_platform_seal_key(Path(settings.SEAL_FOLDER))


def contract_data(order: Order, *, at: datetime) -> ContractData:
    """Everything in the contract if it is signed on the day of `at`, in Chinese: the language that binds."""
    day = timezone.localdate(at)
    with override("zh-hant"):
        solution, plan, details = order.frozen["solution"], order.frozen["plan"], order.frozen["details"]
        return {
            "language": "zh-hant",
            "number": order.number,
            "programme": str(order.grant.zone_version.zone.programme) if order.grant else _("全額自付"),
            "zone": str(order.grant.zone_version) if order.grant else _("全額自付專區"),
            "buyer": _party(order.organisation),
            "vendor": _party(order.vendor.organisation),
            "solution": {
                "name": solution["name_zh"],
                "version": str(solution["version"]),
                "category": solution["category_zh"],
                "summary": solution["summary_zh"],
                "functions": list(solution["functions_zh"]),
            },
            "plan": {
                "name": plan["name_zh"],
                "months": plan["months"],
                "users": _("不限") if plan["users"] >= 999 else f"{plan['users']:,}",
                "data_volume": _("%(n)s筆") % {"n": f"{plan['data_volume']:,}"},
            },
            "money": {
                "price_twd": order.price_twd,
                "points": order.points,
                "copay_twd": order.copay_twd,
                "rate_bp": order.grant.zone_version.rate_bp if order.grant else 0,
                "copay_due_date": copay_due(day) if order.copay_twd else None,
            },
            "periods": {
                "ordered_at": order.placed_at,
                "answer_by": answer_due(day, order.grant),
                "activate_by": end_of_month(day),
                "months": plan["months"],
                "default_activation_days": days_of(order.grant, "default_activation_days"),
            },
            "service_levels": _service_levels(details),
            "exit": _exit(details, order.vendor.support_hours_zh),
            "clause_references": _clauses(day),
            "signatures": [],
        }


def _party(organisation: Organisation) -> Party:
    return {
        "name": organisation.name,
        "ubn": organisation.ubn,
        "address": organisation.address,
        "representative": organisation.responsible_person,
    }


def _service_levels(details: dict[str, Any]) -> Any:
    sla = details.get("sla", {})
    words = {
        "availability_percent": (_("可用率"), _("每月%(n)s%%以上")),
        "response_hours": (_("回應"), _("%(n)s小時內")),
        "recovery_hours": (_("復原"), _("%(n)s小時內")),
        "backup_zh": (_("備份"), "%(n)s"),
    }
    return [
        {"item": item, "promise": promise % {"n": sla[key]}}
        for key, (item, promise) in words.items()
        if key in sla
    ]


def _exit(details: dict[str, Any], support_hours: str) -> Exit:
    leaving = details.get("exit", {})
    notice = _("終止前%(n)s日通知，期間可自行匯出全部資料；終止後由業者刪除並出具證明。") % {
        "n": leaving.get("notice_days", 30)
    }
    return {
        "formats": "、".join(leaving.get("export_formats", [])),
        "procedure": notice,
        "data_location": str(leaving.get("data_location_zh", "")),
        "sub_processors": "、".join(each["zh"] for each in leaving.get("sub_processors", [])),
        "support_hours": support_hours,
        "second_year_twd": details.get("year2_price_twd"),
        "third_year_twd": details.get("year3_price_twd"),
    }


def _clauses(day: date) -> list[ClauseReference]:
    clauses = Clause.objects.filter(code__in=CITED, regulation__valid_from__lte=day).order_by(
        "-regulation__version"
    )
    newest: dict[str, Clause] = {}
    for clause in clauses:
        newest.setdefault(clause.code, clause)
    return [{"clause": code, "text": newest[code].text_zh} for code in CITED if code in newest]


def _shown(signature: Signature) -> ContractSignature:
    with override("zh-hant"):
        method = str(ProofMethod(signature.method).label)
    return {
        "side": "buyer" if signature.party == Signature.Party.BUYER else "vendor",
        "person": str(signature.signed_by),
        "method": method,
        "at": signature.signed_at,
        "key": str(signature.evidence.get("key", "")),
    }


def _evidence(contract: Contract, signature: Signature) -> bytes:
    kept = {
        "contract_sha256": contract.sha256,
        "party": signature.party,
        "method": signature.method,
        **signature.evidence,
    }
    return json.dumps(kept, ensure_ascii=False, sort_keys=True, indent=1).encode()
