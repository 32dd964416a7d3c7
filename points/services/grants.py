"""Asking for points, deciding, granting out of the first budget with room, taking back what was not ordered."""

from __future__ import annotations

import calendar
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.db.models import F, Sum
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from organisations.models.organisation import Organisation
from organisations.moves import move
from organisations.refusals import Refused
from organisations.services.nudges import nudge
from organisations.services.outbox import publish
from points import conditions
from points.models.grants import Application, Decision, Grant, SubsidyRecord
from points.models.ledger import Account, Transfer
from points.models.programmes import BudgetSource, Zone, ZoneVersion
from points.selectors.facts import facts_of_organisation
from points.selectors.zones import zone_in_force
from points.services import ledger
from points.services.notices import tell

DECIDE_TASK = "points.tasks.decide"
LAPSE_REASON, MISSED_ACTIVATION_REASON = "return_3_months", "return_1_month"


def apply_for_points(
    *, organisation: Organisation, zone: Zone, by: Any, at: datetime, declared_grants: Sequence[str] = ()
) -> Application:
    """A new application, to be decided by a worker in seconds.

    Raises: Refused: no_such_zone, zone_gives_no_points, programme_frozen, already_applied.
    """
    version = zone_in_force(zone.code, at=at)
    if not version.gives_points:
        raise Refused(
            "zone_gives_no_points", _("這個專區不發點數。"), remedy=_("請看專區清單，選有點數的專區。")
        )
    frozen_at = zone.programme.grants_frozen_at
    if frozen_at is not None and frozen_at <= at:
        raise Refused(
            "programme_frozen",
            _("這個計畫已停止核發點數，沒有送出申請。"),
            remedy=_("已有的點數仍可在期限內使用。"),
        )
    try:
        with transaction.atomic():
            application = Application.objects.create(
                organisation=organisation,
                zone=zone,
                applied_by=by,
                applied_at=at,
                declared_grants=list(declared_grants),
            )
    except IntegrityError as problem:
        if "one_application_open_per_zone" not in str(problem):
            raise
        raise Refused(
            "already_applied",
            _("這個專區的申請已經在處理，沒有重複送出。"),
            remedy=_("結果會在幾秒內出現，不用再按一次。"),
        ) from None
    nudge(DECIDE_TASK, queue="interactive", application_id=application.pk)
    return application


def decide_application(application: Application, *, at: datetime) -> Application:
    """The application, decided on the rules and facts of this moment. Deciding twice changes nothing.

    Note: the row lock makes two workers decide one after the other; the partial unique index on live grants decides
    between two applications of the same organisation.
    """
    with transaction.atomic():
        application = (
            Application.objects.select_for_update(of=("self",))
            .select_related("organisation", "zone")
            .get(pk=application.pk)
        )
        if application.state not in (Application.State.CHECKING, Application.State.WAITING):
            return application
        version = zone_in_force(application.zone.code, at=at)
        if application.state == Application.State.WAITING and not _has_room(application, version):
            return application
        decision = _decide(application, version, at)
        if not decision.is_eligible:
            return _refuse(application, decision, at)
        if _others_wait(application):
            return _queue(application, decision, at)
        try:
            with transaction.atomic():
                granted = _grant_from_first_budget(application, version, decision, at)
        except IntegrityError as problem:
            if "one_live_grant_per_exclusion_group" not in str(problem):
                raise
            # the facts now show the other grant
            return _refuse(application, _decide(application, version, at), at)
        if granted is not None:
            move(application, "grant", by=None, at=at, decision=decision)
            day = granted.use_by_date.isoformat()
            tell(
                application.organisation,
                "granted",
                key=f"{granted.pk}",
                at=at,
                points=granted.points,
                use_by=day,
            )
        elif application.state == Application.State.CHECKING:
            _queue(application, decision, at)
        return application


def lapse_grants(*, at: datetime, limit: int = 5000) -> int:
    """How many grants gave their unordered points back because their last day has passed. Safe to run twice.

    Note: SKIP LOCKED lets two sweeps share the work; the ledger decides what is free.
    """
    today = timezone.localdate(at)
    with transaction.atomic():
        due = Grant.objects.filter(state=Grant.State.LIVE, use_by_date__lt=today).order_by("pk")
        grants = list(due.select_for_update(skip_locked=True)[:limit])
        late = list(_released_late(today, limit - len(grants))) if len(grants) < limit else []
        back = _lapse([*grants, *late], today, at)
        for grant in grants:
            returned = back.get(grant.account_id, 0)
            move(grant, "lapse" if returned else "use_up", by=None, at=at, note=f"{returned}")
            if returned:
                day = grant.use_by_date.isoformat()
                tell(grant.organisation, "lapsed", key=f"{grant.pk}", at=at, points=returned, use_by=day)
        touched = {grant.budget_source_id for grant in [*grants, *late]}
    for account_id in (
        BudgetSource.objects.filter(pk__in=touched)
        .order_by("account_id")
        .values_list("account_id", flat=True)
    ):
        ledger.rebalance(budget_account_id=account_id, at=at)  # what came back lies in one bucket
    return len(back)


def return_points(
    *,
    grant: Grant,
    points: int,
    key: str,
    cause: tuple[str, int],
    at: datetime,
    reason: str = MISSED_ACTIVATION_REASON,
) -> int:
    """Id of the transfer that takes free points of a grant back to its budget. Raises: Refused as the ledger does."""
    budget = grant.budget_source.account_id
    return ledger.transfer(
        operation=Transfer.Operation.LAPSE,
        debit=grant.account_id,
        credit=budget,
        points=points,
        key=key,
        reason=reason,
        cause=cause,
        at=at,
    )


def last_day_of_use(granted_at: datetime, months: int) -> date:
    """The day by whose end points must be ordered: the same day so many months later, or that month's last."""
    day = timezone.localdate(granted_at)
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def _refuse(application: Application, decision: Decision, at: datetime) -> Application:
    move(application, "refuse", by=None, at=at, decision=decision)
    tell(application.organisation, "refused", key=f"{application.pk}", at=at)
    return application


def _queue(application: Application, decision: Decision, at: datetime) -> Application:
    move(application, "queue", by=None, at=at, decision=decision)
    tell(application.organisation, "queued", key=f"{application.pk}", at=at)
    return application


def _decide(application: Application, version: ZoneVersion, at: datetime) -> Decision:
    facts = facts_of_organisation(
        application.organisation, at=at, declared_grants=application.declared_grants
    )
    rows = conditions.as_rows(version.conditions, facts, at=at)
    return Decision.objects.create(
        organisation=application.organisation,
        zone_version=version,
        facts=facts.as_json(),
        outcomes=rows,
        is_eligible=all(row["severity"] != "stop" for row in rows),
        made_at=at,
    )


def _others_wait(application: Application) -> bool:
    """Whether it has to queue behind earlier applications, so that points that come back go to the first in line."""
    waiting = Application.objects.filter(zone=application.zone, state=Application.State.WAITING)
    return (
        application.state == Application.State.CHECKING
        and waiting.filter(applied_at__lte=application.applied_at).exists()
    )


def _has_room(application: Application, version: ZoneVersion) -> bool:
    """Whether a budget has what a waiting application needs; deciding anew every half minute would only pile up rows."""
    used = (
        (application.decision.facts["used_points"] or {}).get(version.exclusion_group, 0)
        if application.decision
        else 0
    )
    budgets = version.zone_budgets.values_list("budget_source__account_id", flat=True)
    return any(ledger.balance(account_id).available >= version.cap_points - used for account_id in budgets)


def _grant_from_first_budget(
    application: Application, version: ZoneVersion, decision: Decision, at: datetime
) -> Grant | None:
    """The grant, or None when no budget of the zone has enough."""
    used = (decision.facts["used_points"] or {}).get(version.exclusion_group, 0)
    points = version.cap_points - used
    for line in version.zone_budgets.select_related("budget_source").order_by("position"):
        if ledger.balance(line.budget_source.account_id).available < points:
            continue
        try:
            with transaction.atomic():
                return _grant(application, version, decision, line.budget_source, points, at)
        except Refused as no:  # somebody else was faster
            if no.code != "insufficient_points":
                raise
    return None


def _grant(
    application: Application,
    version: ZoneVersion,
    decision: Decision,
    source: BudgetSource,
    points: int,
    at: datetime,
) -> Grant:
    """Rows first, the budget last: it is what many wait for."""
    grant_id = _next_id(Grant)
    organisation = application.organisation
    account_id = ledger.open_account(
        Account.Kind.GRANT, budget_source_id=source.pk, grant_id=grant_id, organisation_id=organisation.pk
    )
    is_regrant = is_out_of_returns(source, points)
    grant = Grant.objects.create(
        id=grant_id,
        organisation=organisation,
        zone_version=version,
        decision=decision,
        budget_source=source,
        account_id=account_id,
        points=points,
        exclusion_group=version.exclusion_group,
        is_regrant=is_regrant,
        granted_at=at,
        use_by_date=last_day_of_use(at, version.use_by_months),
    )
    SubsidyRecord.objects.create(
        ubn=organisation.ubn,
        programme_name=f"{version.zone.programme.name_zh}（{version.name_zh}）",
        kind="small",
        amount_twd=points,
        approved_at=at,
        starts_on=timezone.localdate(at),
        ends_on=version.zone.programme.ends_on,
        grant=grant,
    )
    publish("grant.made", {"grant_id": grant_id, "organisation_id": organisation.pk, "points": points}, at=at)
    ledger.grant(
        budget_account_id=source.account_id,
        account_id=account_id,
        points=points,
        key=f"grant:{grant_id}",
        reason="regrant" if is_regrant else "first",
        cause=("grant", grant_id),
        at=at,
    )
    return grant


def is_out_of_returns(source: BudgetSource, points: int) -> bool:
    """Whether a grant now is made of points that had come back: all that was appropriated has been granted once."""
    appropriated = Transfer.objects.filter(
        credit=source.account_id, operation=Transfer.Operation.APPROPRIATE
    ).aggregate(total=Sum("points"))
    return ledger.balance(source.account_id).posted_debit + points > (appropriated["total"] or 0)


def _released_late(today: date, limit: int) -> list[Grant]:
    """Grants past their last day to which points came back from an order afterwards."""
    free = Account.objects.filter(
        kind=Account.Kind.GRANT, posted_credit__gt=F("posted_debit") + F("pending_debit")
    )
    ended = Grant.objects.exclude(state=Grant.State.LIVE).filter(
        use_by_date__lt=today, account_id__in=free.values("pk")
    )
    return list(ended.order_by("pk").select_for_update(skip_locked=True)[:limit])


def _lapse(grants: Sequence[Grant], today: date, at: datetime) -> dict[int, int]:
    lines = [ledger.Lapsing(grant.account_id, f"lapse:{grant.pk}:{today}", grant.pk) for grant in grants]
    return ledger.lapse_many(lapsing=lines, reason=LAPSE_REASON, cause_type="grant", at=at) if lines else {}


def _next_id(model: type[Grant]) -> int:
    """An id for a row whose ledger account is opened before it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(pg_get_serial_sequence(%s, 'id'))", [model._meta.db_table])
        return int(cursor.fetchone()[0])
