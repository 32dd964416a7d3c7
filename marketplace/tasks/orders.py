"""Work around orders that nobody waits at: sealing contracts, ending what is late, telling people. All safe to run twice."""

from __future__ import annotations

from datetime import datetime, timedelta

from celery import shared_task

from marketplace.models.orders import Order
from marketplace.services import contracts, late_orders, notices
from organisations.clock import now

MOST_SEALED = 200

BEAT = {
    "marketplace.late_orders": {"task": "marketplace.late_orders", "schedule": timedelta(minutes=15)},
    "marketplace.warn_idle": {"task": "marketplace.warn_idle", "schedule": timedelta(hours=6)},
    "marketplace.send_notices": {
        "task": "marketplace.send_notices",
        "schedule": timedelta(minutes=1),
        "options": {"queue": "interactive"},
    },
    "marketplace.seal_missed_contracts": {
        "task": "marketplace.seal_missed_contracts",
        "schedule": timedelta(minutes=2),
    },
}


@shared_task(name="marketplace.seal_contract", soft_time_limit=60, time_limit=90)
def seal_contract(*, order_id: int) -> None:
    """Seal one contract that both sides have signed."""
    contracts.seal_contract(Order.objects.get(pk=order_id), at=now())


@shared_task(name="marketplace.seal_missed_contracts")
def seal_missed_contracts() -> int:
    """Seal contracts whose nudge was lost; returns how many."""
    return _seal_all(at=now())


@shared_task(name="marketplace.late_orders")
def late() -> int:
    """End late orders and put away old drafts; returns how many were touched."""
    return late_orders.expire_orders(at=now()) + late_orders.discard_old_drafts(at=now())


@shared_task(name="marketplace.warn_idle")
def warn_idle() -> int:
    """Tell both sides of orders that nobody uses."""
    return late_orders.warn_idle(at=now())


@shared_task(name="marketplace.send_notices", soft_time_limit=300, time_limit=330)
def send_notices() -> int:
    """Mail what has not been mailed."""
    return notices.send_notices(at=now())


def _seal_all(*, at: datetime) -> int:
    missed = list(contracts.unsealed_orders()[:MOST_SEALED])
    for order in missed:
        contracts.seal_contract(order, at=at)
    return len(missed)


NIGHTLY = [_seal_all, late_orders.expire_orders, late_orders.discard_old_drafts, late_orders.warn_idle]
