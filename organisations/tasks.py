"""Jobs of this app; each fetches, calls one verb and may run twice."""

from __future__ import annotations

from typing import Any

import structlog
from celery import shared_task
from celery.schedules import crontab

from organisations.clock import now
from organisations.models.registry import RegistryCheck
from organisations.services import jobs, notices
from organisations.services.registry import answer_check, ask_nightly, claim_due_checks, forget_nightly

log = structlog.get_logger(__name__)


@shared_task(name="organisations.tasks.answer_registry_check", soft_time_limit=120, time_limit=150)
def answer_registry_check(*, check_id: int) -> None:
    """Answer one check."""
    check = RegistryCheck.objects.filter(pk=check_id).first()
    if check is not None:
        answer_check(check, at=now())


@shared_task(name="organisations.tasks.answer_due_checks")
def answer_due_checks(*, limit: int = 200) -> None:
    """Answer the checks whose nudge was lost or whose time to try again has come; one that breaks does not stop the others."""
    for check_id in claim_due_checks(at=now(), limit=limit):
        try:
            answer_registry_check(check_id=check_id)
        except Exception:
            log.exception("registry_check_broke", check_id=check_id)


@shared_task(name="organisations.tasks.recheck_members")
def recheck_members() -> None:
    """Every night: ask about members anew, forget old answers that changed nothing."""
    ask_nightly(at=now())
    forget_nightly(at=now())


@shared_task(name="organisations.tasks.send_notice", soft_time_limit=60, time_limit=90)
def send_notice(*, notice_id: int) -> None:
    """Send one mail."""
    notices.send_notice(notice_id, at=now())


@shared_task(name="organisations.tasks.send_due_notices")
def send_due_notices() -> None:
    """Send mails whose nudge was lost, or that could not be sent before."""
    notices.send_due_notices(at=now())


@shared_task(name="organisations.tasks.look_after_jobs")
def look_after_jobs() -> None:
    """Nudge jobs again whose nudge was lost, and delete results whose time is over."""
    jobs.renudge_waiting(at=now())
    jobs.delete_old_results(at=now())


BEAT: dict[str, dict[str, Any]] = {
    "organisations-due-checks": {
        "task": "organisations.tasks.answer_due_checks",
        "schedule": 15.0,
        "options": {"queue": "bulk", "expires": 15},
    },
    "organisations-notices": {
        "task": "organisations.tasks.send_due_notices",
        "schedule": 60.0,
        "options": {"queue": "bulk", "expires": 60},
    },
    "organisations-nightly": {
        "task": "organisations.tasks.recheck_members",
        "schedule": crontab(hour=3, minute=20),
        "options": {"queue": "bulk"},
    },
    "organisations-jobs": {
        "task": "organisations.tasks.look_after_jobs",
        "schedule": 60.0,
        "options": {"queue": "bulk", "expires": 60},
    },
}
