"""What waits for whom around claims; `marketplace.todos` adds it to the orders' part."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from marketplace.models.claims import Claim, PayoutBatch
from marketplace.selectors.claimables import claimables
from marketplace.selectors.claims import clock
from marketplace.selectors.payouts import needs_new_account, payable_claims
from organisations.models.people import StaffRole
from organisations.selectors.access import memberships_of, staff_roles_of
from organisations.todo import Todo
from vendors.models.vendors import Vendor

Role = StaffRole.Role


def claim_todos(user: Any, *, at: datetime) -> list[Todo]:
    """A vendor's claims to send and to mend, an officer's to decide, finance's to pay."""
    roles = staff_roles_of(user)
    found: list[Todo] = []
    for membership in memberships_of(user):
        vendor = Vendor.objects.filter(organisation=membership.organisation).first()
        if vendor is not None:
            found += _for_vendor(vendor, at)
    if Role.OFFICER in roles:
        found += _for_officer(at)
    if roles & {Role.OFFICER, Role.FINANCE}:
        found += _for_payer(user, roles)
    return found


def _for_vendor(vendor: Vendor, at: datetime) -> list[Todo]:
    found = []
    for claim in Claim.objects.filter(vendor=vendor, state=Claim.State.RETURNED).select_related(
        "order__organisation"
    ):
        url = reverse("marketplace:vendor_claim_answer", args=[claim.number])
        sentence = _("補正%(name)s的請款") % {"name": claim.order.organisation.name}
        found.append(Todo(sentence, url, "vendor", claim.reason[:80], claim.answer_by_date))
    failed = [
        claim
        for claim in Claim.objects.filter(vendor=vendor, state=Claim.State.FAILED)
        if needs_new_account(claim)
    ]
    if failed:
        url = reverse("marketplace:vendor_claims") + "?tab=answer"
        found.append(Todo(_("更正收款帳戶，銀行退件了"), url, "vendor", count=len(failed)))
    ready = [row for row in claimables(vendor, at=at) if row.is_ready]
    if ready:
        url = reverse("marketplace:vendor_claims") + "?tab=ready"
        points = sum(row.points for row in ready)
        detail = _("共%(points)s點") % {"points": f"{points:,}"}
        sentence = ngettext("%(n)s筆訂單可以請款", "%(n)s筆訂單可以請款", len(ready)) % {"n": len(ready)}
        found.append(Todo(sentence, url, "vendor", detail, count=len(ready)))
    return found


def _for_officer(at: datetime) -> list[Todo]:
    waiting = list(Claim.objects.filter(state=Claim.State.OFFICER))
    found = []
    if waiting:
        due: date = min(clock(claim, at=at).due_date for claim in waiting)
        sentence = ngettext("%(n)s筆請款等決定", "%(n)s筆請款等決定", len(waiting)) % {"n": len(waiting)}
        found.append(Todo(sentence, reverse("marketplace:office_claims"), "office", "", due, len(waiting)))
    drawn = Claim.objects.filter(is_sampled=True, looked_at=None).count()
    if drawn:
        sentence = ngettext("%(n)s筆自動核准等抽查", "%(n)s筆自動核准等抽查", drawn) % {"n": drawn}
        found.append(
            Todo(sentence, reverse("marketplace:office_claims") + "?tab=sample", "office", count=drawn)
        )
    return found


def _for_payer(user: Any, roles: set[str]) -> list[Todo]:
    found, url = [], reverse("marketplace:payouts")
    payable = payable_claims().filter(state=Claim.State.APPROVED).count()
    if payable:
        sentence = ngettext("%(n)s筆請款等著撥款", "%(n)s筆請款等著撥款", payable) % {"n": payable}
        found.append(Todo(sentence, url, "office", count=payable))
    if Role.FINANCE in roles:
        batches = PayoutBatch.objects.filter(state=PayoutBatch.State.OPEN).exclude(made_by=user).count()
        if batches:
            sentence = ngettext("%(n)s批撥款等您核可", "%(n)s批撥款等您核可", batches) % {"n": batches}
            found.append(Todo(sentence, url, "office", count=batches))
    return found
