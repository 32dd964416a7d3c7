"""Work around orders that nobody waits at: sealing contracts, ending what is late. All safe to run twice."""

from __future__ import annotations

from datetime import datetime, timedelta

from celery import shared_task

from marketplace.models.orders import Order
from marketplace.services import contracts, orders
from organisations.clock import now

MOST_SEALED = 200

BEAT = {
    "marketplace.expire_orders": {"task": "marketplace.expire_orders", "schedule": timedelta(minutes=15)},
    "marketplace.seal_missed_contracts": {
        "task": "marketplace.seal_missed_contracts",
        "schedule": timedelta(minutes=2),
    },
}


@shared_task(name="marketplace.seal_contract", queue="interactive", soft_time_limit=60, time_limit=90)
def seal_contract(*, order_id: int) -> None:
    """Seal one contract that both sides have signed."""
    contracts.seal_contract(Order.objects.get(pk=order_id), at=now())


@shared_task(name="marketplace.seal_missed_contracts", queue="bulk")
def seal_missed_contracts() -> int:
    """Seal contracts whose nudge was lost; returns how many."""
    return _seal_all(at=now())


@shared_task(name="marketplace.expire_orders", queue="bulk")
def expire_orders() -> int:
    """End late orders and accept by silence; returns how many were touched."""
    return orders.expire_orders(at=now()) + orders.accept_by_silence(at=now())


def _seal_all(*, at: datetime) -> int:
    missed = list(contracts.unsealed_orders()[:MOST_SEALED])
    for order in missed:
        contracts.seal_contract(order, at=at)
    return len(missed)


NIGHTLY = [_seal_all, orders.expire_orders, orders.accept_by_silence]
