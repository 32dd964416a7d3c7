"""Work around claims that nobody waits at: checks, overdue answers, the way to the bank and back. All safe to run twice."""

from __future__ import annotations

from datetime import timedelta

import structlog
from celery import shared_task
from django.db.models import Q

from marketplace.models.claims import Claim, PayoutBatch
from marketplace.selectors.payouts import unanswered_batches, unsent_batches
from marketplace.services import claims, payouts
from organisations.clock import now
from organisations.refusals import Refused

log = structlog.get_logger(__name__)
MISSED_SECONDS = 60
MOST_CHECKS = 500

BEAT = {
    "marketplace.check_missed_claims": {
        "task": "marketplace.check_missed_claims",
        "schedule": timedelta(minutes=1),
    },
    "marketplace.close_unanswered_claims": {
        "task": "marketplace.close_unanswered_claims",
        "schedule": timedelta(hours=1),
    },
    "marketplace.send_missed_batches": {
        "task": "marketplace.send_missed_batches",
        "schedule": timedelta(minutes=10),
    },
    "marketplace.fetch_results": {"task": "marketplace.fetch_results", "schedule": timedelta(minutes=10)},
}

NIGHTLY = [claims.close_unanswered]


@shared_task(name="marketplace.check_claim", soft_time_limit=60, time_limit=90)
def check_claim(*, claim_id: int) -> None:
    """Check one claim: the registers first, then the rules."""
    claim = Claim.objects.get(pk=claim_id)
    if claim.state != Claim.State.CHECKING:
        return
    if claims.ask_registers(claim, at=now()):  # else a register is down: the sweep comes back
        claims.check_claim(claim, at=now())


@shared_task(name="marketplace.check_missed_claims")
def check_missed_claims() -> int:
    """Check claims whose nudge was lost or whose worker died; returns how many were picked up."""
    since = now() - timedelta(seconds=MISSED_SECONDS)
    answered = Q(moves__verb="resubmit", moves__at__gt=since)
    missed = Claim.objects.filter(state=Claim.State.CHECKING, submitted_at__lte=since).exclude(answered)
    ids = list(missed.order_by("pk").values_list("pk", flat=True)[:MOST_CHECKS])
    for claim_id in ids:
        check_claim(claim_id=claim_id)
    return len(ids)


@shared_task(name="marketplace.close_unanswered_claims")
def close_unanswered_claims() -> int:
    """End returned claims whose seven days are over."""
    return claims.close_unanswered(at=now())


@shared_task(name="marketplace.send_batch", soft_time_limit=120, time_limit=150)
def send_batch(*, batch_id: int) -> None:
    """Hand one approved batch to the bank; when the bank is down the sweep tries again."""
    try:
        payouts.send_batch(PayoutBatch.objects.get(pk=batch_id), at=now())
    except Refused as refused:
        log.warning("batch_not_sent", batch=batch_id, code=refused.code)


@shared_task(name="marketplace.send_missed_batches")
def send_missed_batches() -> int:
    """Hand over batches that were approved and did not go."""
    ids = list(unsent_batches(at=now()).values_list("pk", flat=True))
    for batch_id in ids:
        send_batch(batch_id=batch_id)
    return len(ids)


@shared_task(name="marketplace.fetch_results")
def fetch_results() -> int:
    """Ask for the results that are not here yet; returns how many batches were settled."""
    settled = 0
    for batch in unanswered_batches():
        try:
            settled += payouts.fetch_result(batch, at=now()).state == PayoutBatch.State.SETTLED
        except Refused as refused:
            log.warning("result_not_fetched", batch=batch.pk, code=refused.code)
    return settled
