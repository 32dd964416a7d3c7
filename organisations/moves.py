"""State machines: a table of moves in the model, one verb that makes them, one row that remembers each.

A model with states declares `MOVES = {verb: ((source, …), target)}` and a log model whose foreign key to it has
`related_name="moves"`. Nothing else writes `state`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

from django.conf import settings
from django.db import models, transaction
from django.utils.translation import gettext_lazy as _

from organisations.refusals import Refused

Moves = Mapping[str, tuple[tuple[str, ...], str]]


class MoveLog(models.Model):
    """One change of state: what was done, from where to where, by whom (empty = by the platform itself), when and why."""

    verb = models.CharField(max_length=40)
    source = models.CharField(max_length=30)
    target = models.CharField(max_length=30)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField()
    note = models.TextField(blank=True)

    class Meta:
        abstract = True
        ordering: ClassVar[list[str]] = ["at", "id"]


def move(row: Any, verb: str, *, by: Any, at: datetime, note: str = "", **facts: Any) -> None:
    """Lock `row`, check that `verb` is allowed from its state, log it and save state and `facts` together.

    Raises: Refused("wrong_state") with the state that is in the way. `row` is refreshed in place.
    """
    sources, target = row.MOVES[verb]
    with transaction.atomic():
        locked = type(row).objects.select_for_update().only("state").get(pk=row.pk)
        if locked.state not in sources:
            raise Refused(
                "wrong_state",
                _("這筆資料目前是「%(state)s」，不能做這個動作；內容沒有改變。")
                % {"state": locked.get_state_display()},
                remedy=_("請重新整理頁面，看看最新的狀態。"),
            )
        row.moves.create(verb=verb, source=locked.state, target=target, by=by, at=at, note=note)
        row.state = target
        for name, value in facts.items():
            setattr(row, name, value)
        row.save(update_fields=["state", *facts])
