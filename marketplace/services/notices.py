"""Telling people about orders: a row with the change itself, a mail after the commit, a sweep for what was lost."""

from __future__ import annotations

import smtplib
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import structlog
from django.conf import settings
from django.core.mail import EmailMessage
from django.db.models import Q
from django.utils.translation import override

from marketplace.models.notices import Notice
from marketplace.models.orders import Order
from marketplace.notices import NOTICES, mail_of
from organisations.models.people import Membership
from organisations.services.nudges import nudge
from outside.http import OutsideAnswerBroken, OutsideDown

log = structlog.get_logger(__name__)
TASK = "marketplace.send_notices"
TRY_AGAIN = timedelta(minutes=10)
SENT_AT_ONCE = 200
TOLD = (Membership.Role.ACCEPTOR, Membership.Role.PREPARER)


def tell(order: Order, kind: str, *, at: datetime, key: str = "", **facts: Any) -> int:
    """Write down who is to be told of `kind` in `marketplace.notices`; call it inside the verb's transaction.

    Without a `key` it is told once for each move of the order. Returns how many people had not been told yet.
    """
    key = key or str(order.moves.order_by("-pk").values_list("pk", flat=True).first() or "")
    known = set(order.notices.filter(kind=kind, key=key).values_list("user_id", flat=True))
    fresh = [
        Notice(order=order, kind=kind, key=key, side=side, user_id=user_id, facts=facts, made_at=at)
        for side in NOTICES[kind]
        for user_id in _people(order, side)
        if user_id not in known
    ]
    Notice.objects.bulk_create(fresh, ignore_conflicts=True)
    if fresh:
        nudge(TASK, queue="interactive")
    return len(fresh)


def _people(order: Order, side: str) -> Iterable[int]:
    organisation = order.organisation_id if side == "buyer" else order.vendor.organisation_id
    members = Membership.objects.filter(organisation=organisation, ended_at=None, role__in=TOLD)
    return members.filter(user__is_active=True).exclude(user__email="").values_list("user_id", flat=True)


def send_notices(*, at: datetime, limit: int = SENT_AT_ONCE) -> int:
    """Send what has not been sent; each goes out once, and again after ten minutes when a server broke off. Returns how many."""
    waiting = Q(sent_at=None) & (Q(tried_at=None) | Q(tried_at__lte=at - TRY_AGAIN))
    ids = list(Notice.objects.filter(waiting).order_by("pk").values_list("pk", flat=True)[:limit])
    sent = 0
    for notice_id in ids:
        mine = Notice.objects.filter(waiting, pk=notice_id).update(tried_at=at)
        sent += bool(mine) and _send(notice_id, at=at)
    return sent


def _send(notice_id: int, *, at: datetime) -> bool:
    """No transaction is open here: a slow mail server holds nobody up."""
    notice = Notice.objects.select_related("user", "order__organisation", "order__version").get(pk=notice_id)
    with override(notice.user.language):
        subject, text = mail_of(notice)
    sender = f"<notice-{notice.pk}@{urlsplit(settings.PUBLIC_ORIGIN).hostname}>"
    try:
        EmailMessage(subject, text, None, [notice.user.email], headers={"Message-ID": sender}).send()
    except (smtplib.SMTPException, OSError, OutsideDown, OutsideAnswerBroken) as error:
        log.warning("notice_not_sent", notice=notice.pk, why=str(error))
        return False
    Notice.objects.filter(pk=notice.pk).update(sent_at=at)
    return True
