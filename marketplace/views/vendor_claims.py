"""The vendor's claims: what can be claimed and what is missing, the claims with their clock, sending in and answering."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language, gettext
from django.views.decorators.http import require_http_methods, require_safe

from marketplace.claim_rules import OFFICE_ONLY
from marketplace.forms.claims import AnswerForm, InvoiceFormSet, InvoiceRows
from marketplace.models.claims import Claim
from marketplace.models.orders import Order
from marketplace.selectors.claim_words import month_words, newest_checks, thread_of, why
from marketplace.selectors.claimables import Claimable, claimable, claimables, orders_to_claim
from marketplace.selectors.claims import (
    VENDOR_TABS,
    claims_of,
    clock,
    months_of,
    payment_days,
    points_on_the_way,
    searched,
    vendor_counts,
    with_details,
)
from marketplace.services.claims import resubmit_claim, submit_claim
from marketplace.services.invoices import MOST_INVOICES
from organisations.clock import now
from organisations.fields import day_of_parts
from organisations.models.people import Membership
from organisations.refusals import Refused
from organisations.selectors.access import has_rank
from organisations.views.access import member_required
from papers.columns import About, Column, Kind
from papers.tables import FORMATS, MEDIA_TYPES, table_file
from vendors.models.vendors import Vendor

PER_PAGE = 20


def _vendor(request: HttpRequest) -> Vendor:
    """The vendor that the person acts for; other organisations have no such desk."""
    vendor = Vendor.objects.select_related("organisation").filter(organisation=request.organisation).first()  # type: ignore[attr-defined]
    if vendor is None:
        raise Http404
    return vendor


def _require_preparer(request: HttpRequest) -> None:
    if not has_rank(request.membership, Membership.Role.PREPARER):  # type: ignore[attr-defined]
        raise PermissionDenied


def _wanted(request: HttpRequest) -> dict[str, str]:
    tab = request.GET.get("tab", "open")
    return {
        "tab": tab if tab in VENDOR_TABS else "open",
        "q": searched(request.GET.get("q", "")),
        "month": request.GET.get("month", "")[:7],
        "solution": searched(request.GET.get("solution", ""))[:10],
    }


@require_safe
@member_required()
def claims(request: HttpRequest) -> HttpResponse:
    """The list: one tab for orders that can be claimed, the others for claims."""
    vendor, at, wanted = _vendor(request), now(), _wanted(request)
    ready = claimables(vendor, at=at)
    rows: list[Any] = ready if wanted["tab"] == "ready" else []
    source = rows if wanted["tab"] == "ready" else claims_of(vendor, **wanted)
    page = Paginator(source, PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "rows": page.object_list
        if wanted["tab"] == "ready"
        else [_row(each, at) for each in page.object_list],
        "wanted": wanted,
        "tabs": _tabs(vendor, ready, wanted["tab"]),
        "figures": _figures(vendor, ready, at),
        "months": [(f"{each:%Y-%m}", month_words(each)) for each in months_of(vendor)],
        "solutions": _solutions(vendor),
        "to_answer": _to_answer(vendor, at),
        "at": at,
        "may_act": has_rank(request.membership, Membership.Role.PREPARER),  # type: ignore[attr-defined]
        "query": request.GET.urlencode(),
    }
    return render(request, "marketplace/claim_list.html", context)


def _row(claim: Claim, at: Any) -> dict[str, Any]:
    return {"claim": claim, "clock": clock(claim, at=at), "why": why(claim)}


def _tabs(vendor: Vendor, ready: list[Claimable], tab: str) -> list[dict[str, Any]]:
    counts = vendor_counts(vendor) | {"ready": sum(each.is_ready for each in ready)}
    url = reverse("marketplace:vendor_claims")
    return [
        {"label": label, "url": f"{url}?tab={name}", "count": counts[name], "current": name == tab}
        for name, (label, _states) in VENDOR_TABS.items()
    ]


def _figures(vendor: Vendor, ready: list[Claimable], at: Any) -> dict[str, Any]:
    can_claim = [each for each in ready if each.is_ready]
    return {
        "on_the_way": points_on_the_way(vendor),
        "ready_points": sum(each.points for each in can_claim),
        "ready_count": len(can_claim),
        "own": payment_days(vendor=vendor),
        "site": payment_days(since=at - timedelta(days=90)),
    }


def _solutions(vendor: Vendor) -> list[tuple[str, str]]:
    rows = vendor.solutions.filter(current__isnull=False).select_related("current").order_by("code")
    return [(row.code, row.current.name) for row in rows if row.current]


def _to_answer(vendor: Vendor, at: Any) -> list[dict[str, Any]]:
    return [_row(each, at) for each in claims_of(vendor, tab="answer")[:3]]


@require_safe
@member_required()
def claims_file(request: HttpRequest, fmt: str) -> FileResponse:
    """The same list as ODS, XLSX or CSV."""
    if fmt not in FORMATS:
        raise Http404
    vendor, at, wanted = _vendor(request), now(), _wanted(request)
    if wanted["tab"] == "ready":
        wanted["tab"] = "open"
    language = get_language() or "zh-hant"
    about = About(
        as_of=at, made_by=str(request.user), made_at=at, filters={k: v for k, v in wanted.items() if v}
    )
    out = tempfile.SpooledTemporaryFile(max_size=5_000_000)  # noqa: SIM115 - the response closes it
    rows = (_file_row(claim, at) for claim in claims_of(vendor, **wanted)[:50_000])
    table_file(fmt, gettext("請款"), _columns(), rows, language, out, about=about)  # type: ignore[arg-type]
    out.seek(0)
    name = f"claims-{timezone.localdate(at).isoformat()}.{fmt}"
    return FileResponse(out, as_attachment=True, filename=name, content_type=MEDIA_TYPES[fmt])


def _columns() -> list[Column]:
    return [
        Column("number", gettext("請款編號")),
        Column("order", gettext("訂單編號")),
        Column("buyer", gettext("企業")),
        Column("ubn", gettext("統一編號")),
        Column("points", gettext("請款點數"), Kind.POINTS),
        Column("approved", gettext("通過點數"), Kind.POINTS),
        Column("state", gettext("狀態")),
        Column("submitted", gettext("送件"), Kind.DATETIME),
        Column("due", gettext("應入帳"), Kind.DATE),
        Column("paid", gettext("入帳"), Kind.DATETIME),
    ]


def _file_row(claim: Claim, at: Any) -> tuple[object, ...]:
    order = claim.order
    return (
        claim.number,
        order.number,
        order.organisation.name,
        order.organisation.ubn,
        claim.points,
        claim.approved_points,
        claim.get_state_display(),
        claim.submitted_at,
        clock(claim, at=at).due_date,
        claim.paid_at,
    )


@require_http_methods(["GET", "HEAD", "POST"])
@member_required()
def submit(request: HttpRequest, order_number: str) -> HttpResponse:
    """Send in a claim with one or several invoices."""
    vendor, at = _vendor(request), now()
    _require_preparer(request)
    order = orders_to_claim().filter(vendor=vendor, number=order_number).first()
    if order is None:
        return _already_claimed(request, vendor, order_number)
    rows = _invoice_rows(
        request, order, [{"amount_twd": order.price_twd, "tax_twd": _usual_tax(order.price_twd)}]
    )
    if request.method == "POST" and "more" not in request.POST and rows.is_valid():
        try:
            claim = submit_claim(order=order, invoices=rows.drafts, by=request.user, at=at)
        except Refused as refused:
            messages.error(request, str(refused))
        else:
            return _sent(request, claim)
    context = {
        "order": order,
        "claimable": claimable(order, at=at),
        "rows": rows,
        "most": MOST_INVOICES,
        "at": at,
    }
    return render(request, "marketplace/claim_form.html", context)


def _already_claimed(request: HttpRequest, vendor: Vendor, order_number: str) -> HttpResponse:
    order = get_object_or_404(Order, vendor=vendor, number=order_number)
    newest = order.claims.order_by("-pk").first()
    messages.warning(request, gettext("這筆訂單現在不能再請款：已有請款在處理，或還沒驗收。"))
    return (
        redirect("marketplace:vendor_claim", newest.number)
        if newest
        else redirect("marketplace:vendor_claims")
    )


def _usual_tax(amount_twd: int) -> int:
    return round(amount_twd * 500 / 10_500)


def _invoice_rows(request: HttpRequest, order: Order, initial: list[dict[str, Any]]) -> InvoiceRows:
    parties = {"seller_ubn": order.vendor.organisation.ubn, "buyer_ubn": order.organisation.ubn}
    if request.method != "POST":
        return InvoiceFormSet(initial=initial, prefix="invoice", **parties)
    if "more" in request.POST:
        return InvoiceFormSet(
            initial=[*_typed_rows(request), {}][:MOST_INVOICES], prefix="invoice", **parties
        )
    return InvoiceFormSet(request.POST, prefix="invoice", **parties)


def _typed_rows(request: HttpRequest) -> list[dict[str, Any]]:
    """What stands in the rows when one more is asked for: nothing is judged yet, nothing gets lost."""
    total = request.POST.get("invoice-TOTAL_FORMS", "")
    rows = []
    for n in range(min(int(total), MOST_INVOICES) if total.isascii() and total.isdigit() else 1):
        names = ("number", "amount_twd", "tax_twd", "seller_ubn", "buyer_ubn")
        row: dict[str, Any] = {name: request.POST.get(f"invoice-{n}-{name}", "")[:30] for name in names}
        row["issued_on"] = day_of_parts(
            [request.POST.get(f"invoice-{n}-issued_on_{part}") for part in range(3)]
        )
        rows.append(row)
    return rows


def _sent(request: HttpRequest, claim: Claim) -> HttpResponse:
    messages.success(
        request,
        gettext("%(number)s已送件，共%(points)s點；自動檢查通常幾秒就好。")
        % {"number": claim.number, "points": f"{claim.points:,}"},
    )
    return redirect("marketplace:vendor_claim", claim.number)


def _own_claim(request: HttpRequest, number: str) -> Claim:
    return get_object_or_404(with_details(Claim.objects.filter(vendor=_vendor(request))), number=number)


@require_safe
@member_required()
def claim(request: HttpRequest, number: str) -> HttpResponse:
    """One claim: clock, who holds it, why, invoices, what happened."""
    row, at = _own_claim(request, number), now()
    context = {
        "claim": row,
        "order": row.order,
        "clock": clock(row, at=at),
        "why": why(row),
        "checks": [replace(line, remedy="") for line in newest_checks(row) if line.rule not in OFFICE_ONLY],
        "invoices": row.invoices.order_by("-entered_at", "number"),
        "thread": thread_of(row, for_office=False),
        "at": at,
        "may_act": has_rank(request.membership, Membership.Role.PREPARER),  # type: ignore[attr-defined]
        "is_checking": row.state == Claim.State.CHECKING,
    }
    template = (
        "marketplace/claim_parts_progress.html"
        if request.headers.get("HX-Request")
        else "marketplace/claim_detail.html"
    )
    return render(request, template, context)


@require_http_methods(["GET", "HEAD", "POST"])
@member_required()
def answer(request: HttpRequest, number: str) -> HttpResponse:
    """Send a returned claim again, with its invoices as they should be."""
    row, at = _own_claim(request, number), now()
    _require_preparer(request)
    if row.state != Claim.State.RETURNED:
        messages.warning(request, gettext("這筆請款不在補正中；內容沒有改變。"))
        return redirect("marketplace:vendor_claim", number)
    rows = _invoice_rows(
        request, row.order, [_as_entered(each) for each in row.invoices.filter(voided_at=None)]
    )
    form = (
        AnswerForm(request.POST or None)
        if "more" not in request.POST
        else AnswerForm(initial=request.POST.dict())
    )
    if request.method == "POST" and "more" not in request.POST and all([form.is_valid(), rows.is_valid()]):
        try:
            sent = resubmit_claim(
                row, invoices=rows.drafts, answer=form.cleaned_data["answer"], by=request.user, at=at
            )
        except Refused as refused:
            messages.error(request, str(refused))
        else:
            return _sent(request, sent)
    context = {
        "claim": row,
        "order": row.order,
        "form": form,
        "rows": rows,
        "most": MOST_INVOICES,
        "clock": clock(row, at=at),
    }
    return render(request, "marketplace/claim_answer.html", context)


def _as_entered(invoice: Any) -> dict[str, str | int | date]:
    return {
        name: getattr(invoice, name)
        for name in ("number", "issued_on", "amount_twd", "tax_twd", "seller_ubn", "buyer_ubn")
    }
