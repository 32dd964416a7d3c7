"""The buyer's orders: from a plan to a draft, the order's page, and what the buyer may do with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from marketplace.deadlines import end_of_month
from marketplace.forms.orders import OrderForm, RatingForm, ReasonForm
from marketplace.models.orders import Order
from marketplace.selectors.orders import ENDED, knots, orders_of, with_details
from marketplace.selectors.purchase import offer_for
from marketplace.services import orders as verbs
from marketplace.services.ratings import rate_order
from organisations.clock import now
from organisations.models.people import Membership
from organisations.refusals import Refused
from organisations.selectors.access import has_rank
from organisations.views.access import member_required
from vendors.models.solutions import Plan

Role = Membership.Role
PER_PAGE = 20
SHORT_DAYS = 7


@require_http_methods(["GET", "POST"])
@member_required(Role.PREPARER)
def new_order(request: HttpRequest, code: str) -> HttpResponse:
    """The bill of a plan: how many points, how much own money, what happens next. POST writes the draft."""
    plan = _plan(request, code)
    offer = offer_for(request.organisation, plan, at=now())  # type: ignore[attr-defined]
    form = OrderForm(request.POST if request.method == "POST" else None, most_points=offer.most_points)
    if request.method == "POST" and form.is_valid():
        try:
            order = verbs.place_order(
                organisation=request.organisation,  # type: ignore[attr-defined]
                plan=plan,
                points=form.cleaned_data["points"],
                by=request.user,
                at=now(),
                form_token=form.cleaned_data["form_token"] or None,
            )
            return redirect("marketplace:my_order", order.number)
        except Refused as refused:
            form.add_error("points" if refused.code == "points_over_limit" else None, str(refused))
    today = timezone.localdate(now())
    context = {
        "plan": plan,
        "version": plan.version,
        "solution": plan.version.solution,
        "offer": offer,
        "form": form,
        "month_end": end_of_month(today),
        "is_late_in_month": (end_of_month(today) - today).days < SHORT_DAYS,
    }
    status = 422 if form.is_bound else 200
    return render(request, "marketplace/order_new.html", context, status=status)


def _plan(request: HttpRequest, code: str) -> Plan:
    plans = Plan.objects.select_related(
        "version__solution__vendor__organisation", "version__solution__main_sub_category"
    )
    wanted = request.POST.get("plan") or request.GET.get("plan", "")
    if not wanted.isdecimal():
        raise Http404
    return get_object_or_404(plans, pk=wanted, version__solution__code=code)


@require_safe
@member_required()
def my_orders(request: HttpRequest) -> HttpResponse:
    """All orders of the organisation, newest first."""
    page = Paginator(orders_of(request.organisation), PER_PAGE).get_page(request.GET.get("page"))  # type: ignore[attr-defined]
    return render(request, "marketplace/order_list.html", {"page": page, "orders": page.object_list})


@require_safe
@member_required()
def my_order(request: HttpRequest, number: str) -> HttpResponse:
    """One order: who does what by when, how the money is split, what can be done now."""
    order = own_order(request, number)
    rank = request.membership  # type: ignore[attr-defined]
    return render(
        request,
        "marketplace/order_detail.html",
        {
            "order": order,
            "knots": knots(order, side="buyer"),
            "may_prepare": has_rank(rank, Role.PREPARER),
            "may_sign": has_rank(rank, Role.ACCEPTOR),
            "reason_form": ReasonForm(),
            "can_withdraw": order.state in (Order.State.SIGNED, Order.State.ACCEPTED),
            "is_ended": order.state in ENDED,
        },
    )


def own_order(request: HttpRequest, number: str) -> Order:
    """An order of the acting organisation; others do not exist for this person."""
    own = with_details(Order.objects.filter(organisation=request.organisation))  # type: ignore[attr-defined]
    return get_object_or_404(own, number=number)


@require_POST
@member_required(Role.PREPARER)
def act(request: HttpRequest, number: str, verb: str) -> HttpResponse:
    """Discard, withdraw, accept, object, or "I never ordered this"; accepting is the acceptor's."""
    order = own_order(request, number)
    if verb not in ACTS:
        raise Http404
    if verb in ("confirm", "freeze") and not has_rank(request.membership, Role.ACCEPTOR):  # type: ignore[attr-defined]
        raise PermissionDenied
    do, said = ACTS[verb]
    try:
        do(order, request)
        messages.success(request, said())
    except Refused as refused:
        messages.error(request, str(refused))
    return redirect("marketplace:my_order", number)


def _reason(request: HttpRequest) -> str:
    return request.POST.get("reason", "")[:1000]


Act = tuple[Callable[[Order, HttpRequest], Any], Callable[[], str]]
ACTS: dict[str, Act] = {
    "discard": (
        lambda order, request: verbs.discard_order(order, by=request.user, at=now()),
        lambda: _("草稿已收起來。"),
    ),
    "withdraw": (
        lambda order, request: verbs.withdraw_order(
            order, by=request.user, at=now(), reason=_reason(request)
        ),
        lambda: _("訂單已取消，圈存的點數退回您的帳上。"),
    ),
    "confirm": (
        lambda order, request: verbs.confirm_order(order, by=request.user, at=now()),
        lambda: _("驗收完成。用一陣子後，請回來評分。"),
    ),
    "object": (
        lambda order, request: verbs.object_to_delivery(
            order, reason=_reason(request), by=request.user, at=now()
        ),
        lambda: _("已告訴業者還不能用；業者改善前不會扣點數。"),
    ),
    "freeze": (
        lambda order, request: verbs.freeze_order(order, by=request.user, at=now()),
        lambda: _("這筆訂單已凍結，不會付款。承辦人會跟您聯絡。"),
    ),
}


@require_http_methods(["GET", "POST"])
@member_required(Role.PREPARER)
def rate(request: HttpRequest, number: str) -> HttpResponse:
    """Stars, words and the five effects; once for each order."""
    order = own_order(request, number)
    form = RatingForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        try:
            rate_order(
                order,
                stars=values["stars"],
                text=values["text"],
                effects=form.effects,
                still_used=values["still_used"],
                by=request.user,
                at=now(),
            )
            messages.success(request, _("謝謝您。別的店家會看到您的分數與文字。"))
            return redirect("marketplace:my_order", number)
        except Refused as refused:
            form.add_error(None, str(refused))
    context = {"order": order, "form": form}
    return render(request, "marketplace/rating_form.html", context, status=422 if form.is_bound else 200)


@require_safe
@member_required()
def contract(request: HttpRequest, number: str) -> HttpResponse:
    """The contract as PDF: the sealed one when both have signed."""
    return contract_response(own_order(request, number))


def contract_response(order: Order) -> HttpResponse:
    """The newest form of the paper, as an attachment."""
    kept = getattr(order, "contract", None)
    if kept is None:
        raise Http404
    paper = kept.sealed_pdf or kept.unsigned_pdf
    response = HttpResponse(bytes(paper), content_type="application/pdf")
    response["Content-Disposition"] = f'attachment; filename="contract-{order.number}.pdf"'
    return response
