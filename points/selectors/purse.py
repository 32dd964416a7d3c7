"""What an organisation has in points now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from organisations.models.organisation import Organisation
from points.models.grants import Grant
from points.models.ledger import Account
from points.selectors.facts import used_points


@dataclass(frozen=True)
class Purse:
    """Units: points. `granted` is what came and stayed: used + held + free. `use_by_date` is the last day to order with what is free."""

    granted: int
    used: int
    held: int
    free: int
    use_by_date: date | None


def purse_of(organisation: Organisation, *, at: datetime) -> Purse:
    """The points of all grants of an organisation, from the ledger's accounts."""
    grants = list(Grant.objects.filter(organisation=organisation).values_list("account_id", "use_by_date"))
    accounts = {
        account.pk: account
        for account in Account.objects.filter(pk__in=[account_id for account_id, _day in grants])
    }
    free = {
        pk: account.posted_credit - account.posted_debit - account.pending_debit
        for pk, account in accounts.items()
    }
    kept = used_points([("all", account_id) for account_id in accounts]).get("all", 0)
    held = sum(account.pending_debit for account in accounts.values())
    days = [day for account_id, day in grants if free.get(account_id)]
    available = sum(free.values())
    return Purse(kept, kept - held - available, held, available, min(days, default=None))
