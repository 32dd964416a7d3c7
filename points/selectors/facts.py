"""What is known of an organisation when rules are applied to it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime

from django.db.models import F, Sum
from django.utils import timezone

from organisations.models.organisation import Organisation
from organisations.models.people import IdentityProof
from organisations.models.places import Township
from organisations.selectors.facts import RegistryFacts, registry_facts
from points.conditions import Facts, Subsidy
from points.models.grants import Grant, SubsidyRecord
from points.models.ledger import Account, Transfer


def facts_of_number(ubn: str, *, at: datetime) -> Facts | None:
    """What anybody may know of a typed number: registers and published subsidies; None when no register knows it."""
    known = registry_facts(ubn)
    return None if known is None else replace(_from_registry(known), subsidies=_subsidies(ubn, at))


def facts_of_organisation(
    organisation: Organisation, *, at: datetime, declared_grants: Iterable[str] | None = None
) -> Facts:
    """What is known of an organisation with an account: the same, and what it proved and declared."""
    known = registry_facts(organisation.ubn)
    facts = _from_registry(known) if known else _from_row(organisation)
    facts = replace(
        facts,
        kind=organisation.kind or facts.kind,  # a standing that no register keeps, e.g. social innovation
        employees=organisation.employees,
        identity_methods=_methods(organisation),
        declared_grants=None if declared_grants is None else tuple(declared_grants),
    )
    return _with_platform(facts, organisation.ubn, at)


def _from_registry(known: RegistryFacts) -> Facts:
    return Facts(
        ubn=known.ubn,
        name=known.name,
        kind=known.kind,
        status=known.status,
        register_status=known.register_status,
        source=known.source,
        as_of=_day(known.as_of),
        capital_twd=known.capital_twd,
        setup_date=_day(known.setup_date),
        township_code=known.township_code or "",
        township=_township(known.township_code),
        flags=tuple(sorted(known.flags)),
        industry_section=known.industry_section or "",
        industry_name=known.industry_name,
    )


def _from_row(organisation: Organisation) -> Facts:
    """For a body that no register keeps and an officer let in."""
    township, industry = organisation.township, organisation.industry
    flags = [
        name
        for name in ("rural", "indigenous", "hakka", "offshore")
        if township and getattr(township, f"is_{name}")
    ]
    return Facts(
        ubn=organisation.ubn,
        name=organisation.name,
        kind=organisation.kind,
        status=organisation.tax_status,
        register_status=organisation.register_status,
        source="organisation",
        as_of=_day(organisation.checked_at),
        capital_twd=organisation.capital_twd,
        setup_date=_day(organisation.setup_date),
        township_code=township.pk if township else "",
        township=str(township) if township else "",
        flags=tuple(sorted(flags)),
        industry_section=industry.section if industry else "",
        industry_name=organisation.industry_name,
    )


def _with_platform(facts: Facts, ubn: str, at: datetime) -> Facts:
    grants = Grant.objects.filter(organisation__ubn=ubn).exclude(exclusion_group="")
    return replace(
        facts,
        live_groups=tuple(
            sorted(set(grants.filter(state=Grant.State.LIVE).values_list("exclusion_group", flat=True)))
        ),
        used_points=used_points(list(grants.values_list("exclusion_group", "account_id"))),
        subsidies=_subsidies(ubn, at),
    )


def used_points(grants: Sequence[tuple[str, int]]) -> dict[str, int]:
    """Exclusion group → points granted less those that went back to a budget, from the ledger."""
    accounts = {account: group for group, account in grants}
    rows = Account.objects.filter(pk__in=accounts).values_list("pk", "posted_credit")
    back = dict(_lapsed(list(accounts)))
    used: dict[str, int] = {}
    for account, credit in rows:
        group = accounts[account]
        used[group] = used.get(group, 0) + credit - back.get(account, 0)
    return used


def _lapsed(accounts: list[int]) -> Iterable[tuple[int, int]]:
    gone = Transfer.objects.filter(
        debit__in=accounts, operation__in=[Transfer.Operation.LAPSE, Transfer.Operation.RECLAIM]
    )
    return gone.values("debit").annotate(total=Sum("points")).values_list(F("debit"), F("total"))


def _subsidies(ubn: str, at: datetime) -> tuple[Subsidy, ...]:
    """Of other programmes; ours are grants."""
    rows = SubsidyRecord.objects.filter(ubn=ubn, status="live", grant=None).order_by("approved_at", "pk")
    today = timezone.localdate(at)
    return tuple(
        Subsidy(row.programme_name, row.kind, row.amount_twd, _day(row.approved_at), _day(row.ends_on))
        for row in rows
        if row.ends_on is None or row.ends_on >= today
    )


def _methods(organisation: Organisation) -> tuple[str, ...]:
    proofs = IdentityProof.objects.filter(membership__organisation=organisation, membership__ended_at=None)
    return tuple(sorted(set(proofs.values_list("method", flat=True))))


def _township(code: str | None) -> str:
    row = Township.objects.select_related("county").filter(pk=code).first() if code else None
    return str(row) if row else ""


def _day(moment: datetime | date | None) -> str:
    if moment is None:
        return ""
    return timezone.localdate(moment).isoformat() if isinstance(moment, datetime) else moment.isoformat()
