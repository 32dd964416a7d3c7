"""Telling people by mail. The row is written with what it tells; a mail server that is down costs time only."""

from __future__ import annotations

import smtplib
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.conf import settings
from django.core.mail import send_mail
from django.utils import translation

from organisations.models.notices import Notice
from organisations.notices import NOTICES
from organisations.services.nudges import nudge
from outside.http import OutsideAnswerBroken, OutsideDown

log = structlog.get_logger(__name__)
TASK = "organisations.tasks.send_notice"
TRY_AGAIN = timedelta(minutes=5)
MOST_TRIES = 100


def tell(user: Any, kind: str, *, facts: dict[str, Any], path: str, at: datetime) -> Notice:
    """Owe `user` a mail about the page at `path`."""
    notice = Notice.objects.create(user=user, kind=kind, facts=facts, path=path, made_at=at, next_try_at=at)
    nudge(TASK, queue="interactive", notice_id=notice.pk)
    return notice


def send_notice(notice_id: int, *, at: datetime) -> bool:
    """Send one mail in its reader's language. False when it is sent already, is another worker's, or did not go out.

    Note: a worker that is killed right after sending lets the mail be sent once more.
    """
    due = Notice.objects.filter(pk=notice_id, sent_at=None, next_try_at__lte=at, tries__lt=MOST_TRIES)
    notice = due.select_related("user").first()
    if notice is None or not due.update(next_try_at=at + TRY_AGAIN, tries=notice.tries + 1):
        return False
    try:
        _send(notice)
    except (smtplib.SMTPException, OSError, OutsideDown, OutsideAnswerBroken) as error:
        log.warning("notice_not_sent", notice=notice.pk, why=str(error))
        return False
    Notice.objects.filter(pk=notice.pk).update(sent_at=at)
    return True


def send_due_notices(*, at: datetime, limit: int = 200) -> int:
    """Send what was not sent yet. How many went out."""
    due = Notice.objects.filter(sent_at=None, next_try_at__lte=at, tries__lt=MOST_TRIES).order_by(
        "next_try_at"
    )
    return sum(send_notice(notice_id, at=at) for notice_id in list(due.values_list("pk", flat=True)[:limit]))


def _send(notice: Notice) -> None:
    language = notice.user.language or settings.LANGUAGE_CODE
    with translation.override(language):
        prefix = "/en" if language.startswith("en") else ""
        facts = notice.facts | {"link": settings.PUBLIC_ORIGIN + prefix + notice.path}
        subject, text = NOTICES[notice.kind]
        send_mail(str(subject) % facts, str(text) % facts, None, [notice.user.email])
