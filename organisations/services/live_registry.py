"""An answer while somebody waits at a public page: for numbers that the local snapshot does not hold."""

from __future__ import annotations

from datetime import datetime, timedelta

from organisations.models.registry import RegistryCheck
from organisations.services.registry import answer_check, recent_check

HEAD_START = timedelta(seconds=60)  # should this process die, the sweep answers the row


def ask_now(ubn: str, *, at: datetime) -> RegistryCheck:
    """The check of a number, asked of the live registers at once; one of the last hour is used again.

    No outside call is made inside a transaction; the clients' time-outs and breaker bound the wait. When the registers do not
    answer, the check stays waiting and is tried again by the sweep.
    """
    known = recent_check(ubn, at=at)
    if known is not None:
        return known
    check = RegistryCheck.objects.create(
        ubn=ubn, purpose=RegistryCheck.Purpose.JOIN, asked_at=at, next_try_at=at + HEAD_START
    )
    return answer_check(check, at=at)
