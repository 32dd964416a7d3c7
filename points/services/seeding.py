"""The seed programme: agencies, sister programmes, budgets, zones and the rule book. Loaded as often as one likes."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

from django.contrib.auth import get_user_model
from django.db import connection, transaction
from django.utils import timezone

from organisations.models.people import Agency
from points.models.ledger import Account
from points.models.programmes import (
    BudgetSource,
    Clause,
    Programme,
    Regulation,
    SubProgramme,
    Zone,
    ZoneBudget,
    ZoneVersion,
)
from points.services import ledger

CONTENT = Path(__file__).resolve().parent.parent / "content"
# nobody signs in as these; a real agency names its own two people
EDITOR, APPROVER = ("programme-editor", "計畫辦公室（擬稿）"), ("programme-approver", "計畫辦公室（核定）")


def load_programme(*, at: datetime, made_by: Any = None, approved_by: Any = None) -> dict[str, int]:
    """Insert what is missing; a zone version that is there is never edited, a budget never appropriated twice. Rows per kind."""
    made_by, approved_by = made_by or _keeper(*EDITOR), approved_by or _keeper(*APPROVER)
    seed = json.loads((CONTENT / "programme.json").read_text("utf-8"))
    with transaction.atomic():
        agencies = {row["code"]: _agency(row) for row in seed["agencies"]}
        _sub_programmes(agencies)
        programme = _programme(seed["programme"], agencies)
        budgets = {row["code"]: _budget(row, programme, agencies, at) for row in seed["budgets"]}
        for row in seed["zones"]:
            _zone(row, programme, budgets, made_by, approved_by, at)
        _rule_book()
    return {
        model.__name__: model.objects.count()
        for model in (Agency, SubProgramme, BudgetSource, Zone, ZoneVersion, Clause)
    }  # type: ignore[attr-defined]


def _keeper(username: str, name: str) -> Any:
    user, _new = get_user_model().objects.get_or_create(
        username=username, defaults={"display_name": name, "is_active": False}
    )
    return user


def _agency(row: dict[str, str]) -> Agency:
    return Agency.objects.update_or_create(
        code=row["code"], defaults={"name_zh": row["name_zh"], "name_en": row["name_en"]}
    )[0]


def _sub_programmes(agencies: dict[str, Agency]) -> None:
    by_name = {agency.name_zh: agency for agency in agencies.values()}
    with (CONTENT / "sub_programmes.csv").open(encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            names = {"name_zh": row["programme_zh"], "name_en": row["programme_en"]}
            SubProgramme.objects.update_or_create(
                code=row["code"],
                defaults=names
                | {"agency": by_name[row["agency_zh"]], "kind": row["kind"], "audience": row["audience"]},
            )


def _programme(row: dict[str, Any], agencies: dict[str, Agency]) -> Programme:
    facts = row | {"agency": agencies[row["agency"]]}
    return Programme.objects.get_or_create(code=row["code"], defaults=facts)[0]


def _budget(
    row: dict[str, Any], programme: Programme, agencies: dict[str, Agency], at: datetime
) -> BudgetSource:
    source = BudgetSource.objects.filter(code=row["code"]).first()
    if source is None:
        with connection.cursor() as cursor:  # the account is opened first and must know the id
            cursor.execute("SELECT nextval(pg_get_serial_sequence('points_budgetsource', 'id'))")
            source_id = int(cursor.fetchone()[0])
        account = ledger.open_account(Account.Kind.BUDGET, budget_source_id=source_id)
        source = BudgetSource.objects.create(
            id=source_id,
            account_id=account,
            programme=programme,
            agency=agencies[row["agency"]],
            **{name: row[name] for name in ("code", "name_zh", "name_en", "roc_year")},
        )
    for kind in (Account.Kind.TREASURY, Account.Kind.PAID, Account.Kind.UNCLAIMABLE):
        ledger.open_account(kind, budget_source_id=source.pk)
    starts = _instant(programme.starts_on)
    key, cause = f"appropriate:{row['code']}", ("budget_source", source.pk)
    ledger.appropriate(
        budget_account_id=source.account_id,
        points=row["points"],
        key=key,
        reason="yearly",
        cause=cause,
        at=min(starts, at),
    )
    return source


def _zone(
    row: dict[str, Any],
    programme: Programme,
    budgets: dict[str, BudgetSource],
    made_by: Any,
    approved_by: Any,
    at: datetime,
) -> None:
    zone, _new = Zone.objects.get_or_create(
        code=row["code"],
        defaults={"programme": programme, "funding": row["funding"], "position": row["position"]},
    )
    for facts in row["versions"]:
        _version(zone, dict(facts), budgets, made_by, approved_by, at)


def _version(
    zone: Zone,
    facts: dict[str, Any],
    budgets: dict[str, BudgetSource],
    made_by: Any,
    approved_by: Any,
    at: datetime,
) -> None:
    if zone.versions.filter(number=facts["number"]).exists():
        return
    names, until = facts.pop("budgets"), facts.pop("valid_until")
    starts = _instant(facts.pop("valid_from"))
    people = {"made_by": made_by, "approved_by": approved_by, "approved_at": min(starts, at)}
    valid = (starts, _instant(until) if until else None)
    version = ZoneVersion.objects.create(
        zone=zone, state=ZoneVersion.State.APPROVED, valid=valid, **people, **facts
    )
    for position, name in enumerate(names, 1):
        ZoneBudget.objects.create(zone_version=version, budget_source=budgets[name], position=position)


def _rule_book() -> None:
    lines = list(_lines(CONTENT / "rule_book.jsonl"))
    books = {}
    for row in (line for line in lines if line["record"] == "version"):
        names = {name: row[name] for name in ("title_zh", "title_en", "valid_from", "valid_until")}
        books[row["version"]] = Regulation.objects.update_or_create(version=row["version"], defaults=names)[0]
    clauses = [
        _clause(row, position, books[version])
        for position, row in enumerate(line for line in lines if line["record"] == "clause")
        for version in row["versions"]
    ]
    changing = ["position", "heading_zh", "heading_en", "text_zh", "text_en", "facts"]
    Clause.objects.bulk_create(
        clauses, update_conflicts=True, unique_fields=["regulation", "code"], update_fields=changing
    )


def _clause(row: dict[str, Any], position: int, regulation: Regulation) -> Clause:
    return Clause(
        regulation=regulation,
        code=row["code"],
        position=position,
        heading_zh=row["title_zh"],
        heading_en=row["title_en"],
        text_zh=row["text_zh"],
        text_en=row["text_en"],
        facts={
            name: row.get(name)
            for name in (
                "chapter",
                "chapter_zh",
                "chapter_en",
                "figures",
                "replaces",
                "change_reason_zh",
                "change_reason_en",
            )
        },
    )


def _lines(file: Path) -> Iterator[dict[str, Any]]:
    with file.open(encoding="utf-8") as lines:
        yield from (json.loads(line) for line in lines)


def _instant(day: str | date) -> datetime:
    """Midnight in Taipei at the beginning of a day."""
    day = date.fromisoformat(day) if isinstance(day, str) else day
    return datetime.combine(day, time(), tzinfo=timezone.get_default_timezone())
