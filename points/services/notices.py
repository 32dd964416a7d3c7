"""Telling people about their points: a row with the change itself, a mail after the commit, a sweep for what was lost."""

from __future__ import annotations

import smtplib
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.conf import settings
from django.core.mail import EmailMessage
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import override

from organisations.models.organisation import Organisation
from organisations.models.people import Membership
from organisations.services.nudges import nudge
from outside.http import OutsideAnswerBroken, OutsideDown
from points.models.grants import Grant
from points.models.notices import PointsNotice
from points.notices import mail_of
from points.services import ledger

log = structlog.get_logger(__name__)
TASK = "points.tasks.send_notices"
TOLD = (Membership.Role.ACCEPTOR, Membership.Role.PREPARER)
WARNING_DAYS = (30, 14, 7, 1)  # before the last day of use. Source: rule book R3-8, version 2
TRY_AGAIN = timedelta(minutes=10)


def tell(organisation: Organisation, kind: str, *, key: str, at: datetime, **facts: Any) -> int:
    """Write down who is to be told; call it inside the verb's transaction. Returns how many had not been told yet."""
    members = Membership.objects.filter(
        organisation=organisation, ended_at=None, role__in=TOLD, user__is_active=True
    )
    people = members.exclude(user__email="").values_list("user_id", flat=True)
    known = set(PointsNotice.objects.filter(kind=kind, key=key).values_list("user_id", flat=True))
    about = {"name": organisation.name, **facts}
    fresh = [
        PointsNotice(organisation=organisation, user_id=user_id, kind=kind, key=key, facts=about, made_at=at)
        for user_id in people
        if user_id not in known
    ]
    PointsNotice.objects.bulk_create(fresh, ignore_conflicts=True)
    if fresh:
        nudge(TASK, queue="interactive")
    return len(fresh)


def warn_of_lapses(*, at: datetime) -> int:
    """Warn 30, 14, 7 and 1 day before points lapse; a day that was missed is made up for. Returns how many people are new."""
    today = timezone.localdate(at)
    fresh = 0
    near = Grant.objects.filter(
        state=Grant.State.LIVE,
        use_by_date__gte=today,
        use_by_date__lte=today + timedelta(days=WARNING_DAYS[0]),
    )
    for grant in near.select_related("organisation").iterator():
        days = (grant.use_by_date - today).days
        free = ledger.balance(grant.account_id).available
        step = min(each for each in WARNING_DAYS if each >= days)
        if free:
            key = f"{grant.pk}:{step}"
            fresh += tell(
                grant.organisation,
                "lapse_warning",
                key=key,
                at=at,
                points=free,
                days=days,
                use_by=grant.use_by_date.isoformat(),
            )
    return fresh


def send_notices(*, at: datetime, limit: int = 200) -> int:
    """Send what has not been sent; each goes out once, and again after ten minutes when a server broke off."""
    waiting = Q(sent_at=None) & (Q(tried_at=None) | Q(tried_at__lte=at - TRY_AGAIN))
    sent = 0
    for notice_id in list(
        PointsNotice.objects.filter(waiting).order_by("pk").values_list("pk", flat=True)[:limit]
    ):
        mine = PointsNotice.objects.filter(waiting, pk=notice_id).update(tried_at=at)
        sent += bool(mine) and _send(PointsNotice.objects.select_related("user").get(pk=notice_id), at)
    return sent


def _send(notice: PointsNotice, at: datetime) -> bool:
    """No transaction is open here: a slow mail server holds nobody up."""
    with override(notice.user.language):
        subject, text = mail_of(notice.kind, notice.facts)
    try:
        EmailMessage(subject, text, settings.DEFAULT_FROM_EMAIL, [notice.user.email]).send()
    except (smtplib.SMTPException, OSError, OutsideDown, OutsideAnswerBroken) as error:
        log.warning("points_notice_not_sent", notice=notice.pk, why=str(error))
        return False
    PointsNotice.objects.filter(pk=notice.pk).update(sent_at=at)
    return True
