"""What an organisation has in points now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from organisations.models.organisation import Organisation
from points.models.grants import Grant
from points.models.ledger import Account


@dataclass(frozen=True)
class Purse:
    """The points of all live grants.

    Units: points. granted = used + held + free; `use_by_date` is the first day on which free points lapse.
    """

    granted: int
    used: int
    held: int
    free: int
    use_by_date: date | None


def purse_of(organisation: Organisation, *, at: datetime) -> Purse:
    """The live grants of `organisation` added up, straight from the ledger's accounts."""
    grants = {grant.account_id: grant for grant in organisation.grants.filter(state=Grant.State.LIVE)}
    accounts = Account.objects.filter(pk__in=grants)
    free = {
        account.pk: account.posted_credit - account.posted_debit - account.pending_debit
        for account in accounts
    }
    return Purse(
        granted=sum(account.posted_credit for account in accounts),
        used=sum(account.posted_debit for account in accounts),
        held=sum(account.pending_debit for account in accounts),
        free=sum(free.values()),
        use_by_date=min((grants[pk].use_by_date for pk, points in free.items() if points), default=None),
    )
