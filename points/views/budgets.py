"""`/office/budgets/`: what each budget has, gave and may still give."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from organisations import clock
from organisations.languages import localised
from organisations.models.people import StaffRole
from organisations.views.access import staff_required
from points.models.programmes import BudgetSource
from points.selectors.funnel import funnel
from points.services import ledger

Role = StaffRole.Role


@require_safe
@staff_required(Role.PMO, Role.FINANCE, Role.DECISION_MAKER, Role.OFFICER, Role.ADMINISTRATOR, Role.AUDITOR)
def budgets(request: HttpRequest) -> HttpResponse:
    """One line a budget source, straight from the ledger."""
    rows = []
    for source in BudgetSource.objects.select_related("agency").order_by("roc_year", "code"):
        stages = {row.code: row.value for row in funnel(budget_source=source)}
        available = ledger.balance(source.account_id).available
        rows.append(
            {
                "name": localised(source, "name"),
                "agency": localised(source.agency, "name"),
                "available": available,
                **stages,
            }
        )
    return render(request, "points/budgets.html", {"rows": rows, "as_of": clock.now()})
