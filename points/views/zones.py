"""`/zones/`, `/zones/<code>/` and `/rules/`: what each hall offers, and the rule book it rests on."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from organisations import clock
from organisations.languages import in_english, localised
from organisations.models.organisation import Organisation
from organisations.models.places import Category
from points import conditions
from points.models.programmes import Regulation, ZoneVersion
from points.selectors.zone_rows import rows_of, zone_rows
from points.selectors.zones import zones_in_force


@require_safe
def zones(request: HttpRequest) -> HttpResponse:
    """All zones in force."""
    return render(request, "points/zones.html", {"zones": zone_rows(at=clock.now())})


@require_safe
def zone(request: HttpRequest, *, code: str) -> HttpResponse:
    """One zone: for whom, how much, which solutions, by when, on which conditions."""
    at = clock.now()
    version = zones_in_force(at=at).filter(zone__code=code).first()
    if version is None:
        raise Http404
    categories = Category.objects.filter(pk__in=version.categories)
    return render(
        request,
        "points/zone.html",
        {
            "version": version,
            "row": rows_of([version])[0],
            "agency": localised(version.zone.programme.agency, "name"),
            "budgets": [
                localised(source, "name") for source in version.budget_sources.order_by("roc_year", "code")
            ],
            "categories": [localised(category, "name") for category in categories],
            "conditions": _conditions(version),
            "periods": _periods(version) if version.gives_points else [],
            "earlier": version.zone.versions.filter(state=ZoneVersion.State.APPROVED)
            .exclude(pk=version.pk)
            .order_by("-number"),
            "at": at,
        },
    )


@require_safe
def rules(request: HttpRequest) -> HttpResponse:
    """The rule book in force, or with `?version=` an earlier one; every clause has its code as its anchor."""
    today = clock.today()
    books = list(Regulation.objects.order_by("-version"))
    asked = request.GET.get("version", "")
    book = next((each for each in books if str(each.version) == asked), None)
    book = book or next(
        (
            each
            for each in books
            if each.valid_from <= today and (each.valid_until is None or each.valid_until >= today)
        ),
        None,
    )
    if book is None:
        raise Http404
    return render(
        request,
        "points/rules.html",
        {"book": book, "title": localised(book, "title"), "books": books, "chapters": _chapters(book)},
    )


def _chapters(book: Regulation) -> list[dict[str, Any]]:
    chapters: dict[int, dict[str, Any]] = {}
    language = "en" if in_english() else "zh"
    for clause in book.clauses.all():
        number = clause.facts["chapter"]
        chapter = chapters.setdefault(
            number, {"number": number, "name": clause.facts[f"chapter_{language}"], "clauses": []}
        )
        change = clause.facts.get(f"change_reason_{language}") if clause.facts.get("replaces") else ""
        chapter["clauses"].append(
            {
                "code": clause.code,
                "heading": localised(clause, "heading"),
                "text": localised(clause, "text"),
                "change": change,
            }
        )
    return list(chapters.values())


def _conditions(version: ZoneVersion) -> list[dict[str, str]]:
    return [
        {
            "name": str(conditions.CONDITIONS[row["name"]].title),
            "words": _said(row),
            "clause": row.get("clause", ""),
        }
        for row in version.conditions
    ]


def _said(row: dict[str, Any]) -> str:
    """A condition as a rule, before anybody is asked."""
    arguments = row.get("arguments", {})
    if row["name"] == "small_or_medium":
        capital, people = f"{arguments['capital_twd_max']:,}", arguments["employees_below"]
        return _("實收資本額%(capital)s元以下，或員工未滿%(people)s人。") % {
            "capital": capital,
            "people": people,
        }
    if row["name"] == "cap_not_reached":
        return _("小額補助專區合計最多%(cap)s點。") % {"cap": f"{arguments['cap_points']:,}"}
    if row["name"] == "area_covered":
        return _("登記地址在：%(areas)s。") % {
            "areas": "、".join(str(conditions.AREAS[each]) for each in arguments["flags"])
        }
    if row["name"] == "industry_covered":
        return _("主要行業屬大類%(sections)s。") % {"sections": "、".join(arguments["sections"])}
    if row["name"] == "kind_covered":
        return _kinds(arguments["kinds"])
    return str(
        {
            "registered_active": _("稅籍營業中；有公司或商業登記的，登記為核准設立。"),
            "no_live_grant": _("目前沒有另一筆可用的點數。"),
            "no_small_grant_elsewhere": _("沒有其他機關的小額補助；以先核准者為準。"),
            "grants_declared": _("申請時申報已領或申請中的其他政府補助。"),
            "identity_proven": _("負責人以憑證或手機驗證身分。"),
        }.get(row["name"], "")
    )


def _kinds(kinds: list[str]) -> str:
    return _("適用：%(kinds)s。") % {"kinds": "、".join(str(Organisation.Kind(each).label) for each in kinds)}


def _periods(version: ZoneVersion) -> list[tuple[str, str]]:
    return [
        (_("下單"), _("核發後%(months)s個月內下單，沒下單的點數收回。") % {"months": version.use_by_months}),
        (
            _("業者回覆"),
            _("業者%(days)s個工作天內回覆；沒回覆，點數立即退回。")
            % {"days": version.answer_within_working_days},
        ),
        (
            _("啟用"),
            _("簽約當月月底前啟用；沒選日期的，接單後第%(days)s天啟用。")
            % {"days": version.default_activation_days},
        ),
        (_("請款"), _("用滿%(days)s天後，業者才能請款。") % {"days": version.use_days_before_claim}),
        (_("服務期間"), _("至少%(months)s個月。") % {"months": version.service_months}),
    ]
