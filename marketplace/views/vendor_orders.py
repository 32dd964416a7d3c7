"""The vendor's orders: answer, register the buyer's own share, open the service."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from marketplace.forms.orders import ActivationForm, CopayForm, ReasonForm
from marketplace.models.orders import Order
from marketplace.selectors.orders import VENDOR_TABS, knots, vendor_counts, vendor_orders, with_details
from marketplace.services import orders as verbs
from marketplace.views.orders import contract_response
from organisations.clock import now
from organisations.models.people import Membership
from organisations.refusals import Refused
from organisations.selectors.access import has_rank
from organisations.views.access import member_required
from vendors.models.vendors import Vendor

Role = Membership.Role
PER_PAGE = 20
TAB_LABELS = {
    "answer": gettext_lazy("等您回覆"),
    "deliver": gettext_lazy("要開通"),
    "accept": gettext_lazy("等驗收"),
    "use": gettext_lazy("使用中"),
    "ended": gettext_lazy("已結束"),
}


def own_vendor(request: HttpRequest) -> Vendor:
    """The vendor that the person acts for; other organisations have no such desk."""
    vendor = Vendor.objects.select_related("organisation").filter(organisation=request.organisation).first()  # type: ignore[attr-defined]
    if vendor is None:
        raise Http404
    return vendor


def own_sale(request: HttpRequest, number: str) -> Order:
    """An order to the acting vendor that was signed once; others do not exist for this person."""
    orders = with_details(Order.objects.filter(vendor=own_vendor(request), signed_at__isnull=False))
    return get_object_or_404(orders, number=number)


@require_safe
@member_required()
def listing(request: HttpRequest) -> HttpResponse:
    """Orders by what has to be done with them."""
    vendor = own_vendor(request)
    tab = request.GET.get("tab", "answer")
    tab = tab if tab in VENDOR_TABS else "answer"
    page = Paginator(vendor_orders(vendor, tab=tab), PER_PAGE).get_page(request.GET.get("page"))
    counts, url = vendor_counts(vendor), reverse("marketplace:vendor_orders")
    tabs = [
        {"label": label, "url": f"{url}?tab={name}", "count": counts[name], "current": name == tab}
        for name, label in TAB_LABELS.items()
    ]
    return render(request, "marketplace/vendor_order_list.html", {"tabs": tabs, "tab": tab, "page": page})


@require_safe
@member_required()
def sale(request: HttpRequest, number: str) -> HttpResponse:
    """One order: what the vendor has to do now, and its way."""
    return _page(request, own_sale(request, number))


def _page(request: HttpRequest, order: Order, status: int = 200, **forms: Any) -> HttpResponse:
    membership = request.membership  # type: ignore[attr-defined]
    context = {
        "order": order,
        "knots": knots(order, side="vendor"),
        "may_act": has_rank(membership, Role.PREPARER),
        "may_sign": has_rank(membership, Role.ACCEPTOR),
        "refuse_form": ReasonForm(),
        "copay_form": CopayForm(),
        "activation_form": ActivationForm(),
        **forms,
    }
    return render(request, "marketplace/vendor_order_detail.html", context, status=status)


@require_POST
@member_required(Role.ACCEPTOR)
def refuse(request: HttpRequest, number: str) -> HttpResponse:
    """Say no, with a reason; the buyer's points are free at once."""
    order, form = own_sale(request, number), ReasonForm(request.POST)
    if not form.is_valid():
        return _page(request, order, 422, refuse_form=form)
    return _done(
        request,
        order,
        lambda: verbs.refuse_order(order, reason=form.cleaned_data["reason"], by=request.user, at=now()),
        _("已回覆不接單，企業的點數已退回。"),
    )


@require_POST
@member_required(Role.PREPARER)
def copay(request: HttpRequest, number: str) -> HttpResponse:
    """The buyer's own share has arrived."""
    order, form = own_sale(request, number), CopayForm(request.POST)
    if not form.is_valid():
        return _page(request, order, 422, copay_form=form)
    return _done(
        request,
        order,
        lambda: verbs.record_copay(
            order, reference=form.cleaned_data["reference"], by=request.user, at=now()
        ),
        _("已登記收到自付額。"),
    )


@require_POST
@member_required(Role.PREPARER)
def activate(request: HttpRequest, number: str) -> HttpResponse:
    """The service is open."""
    order, form = own_sale(request, number), ActivationForm(request.POST)
    if not form.is_valid():
        return _page(request, order, 422, activation_form=form)
    values = form.cleaned_data
    return _done(
        request,
        order,
        lambda: verbs.activate_order(
            order, url=values["url"], note=values["note"], by=request.user, at=now()
        ),
        _("已開通，等企業驗收。"),
    )


def _done(request: HttpRequest, order: Order, verb: Any, said: str) -> HttpResponse:
    try:
        verb()
        messages.success(request, said)
    except Refused as refused:
        messages.error(request, str(refused))
    return redirect("marketplace:vendor_order", order.number)


@require_safe
@member_required()
def contract(request: HttpRequest, number: str) -> HttpResponse:
    """The contract as PDF."""
    return contract_response(own_sale(request, number))
