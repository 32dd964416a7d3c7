"""`/eligibility/`: may this number have points? For anybody, without log-in."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from organisations import clock
from organisations.models.organisation import Organisation
from organisations.models.registry import RegistryCheck
from organisations.services.live_registry import ask_now
from organisations.ubn import is_valid_ubn, normalise_ubn
from points.limits import within_limit
from points.models.programmes import Zone
from points.reasons import reason
from points.selectors.facts import facts_of_number
from points.selectors.zone_rows import rows_of, zone_rows
from points.selectors.zones import Assessment, assess
from points.views.checks import check_rows, open_rows

ASKS, WINDOW_SECONDS = 20, 60


@require_safe
def eligibility(request: HttpRequest) -> HttpResponse:
    """The question, or with `?ubn=` the answer condition by condition, or why there is none."""
    at = clock.now()
    typed = request.GET.get("ubn", "").strip()
    context: dict[str, Any] = {"typed": typed, "at": at}
    if not typed:
        return render(request, "points/eligibility.html", context | {"zones": zone_rows(at=at)})
    if not within_limit("eligibility", request, most=ASKS, seconds=WINDOW_SECONDS):
        return render(request, "points/eligibility.html", context | {"too_many": True}, status=429)
    ubn = normalise_ubn(typed)
    if not is_valid_ubn(ubn):
        return render(
            request, "points/eligibility.html", context | {"error": reason("eligibility.number_invalid")}
        )
    facts = facts_of_number(ubn, at=at)
    if facts is None:  # not among the businesses in operation: suspended, closed, no business, or nobody
        check = ask_now(ubn, at=at)
        facts = facts_of_number(ubn, at=at)
        if facts is None:
            is_down = check.state in (RegistryCheck.State.WAITING, RegistryCheck.State.OFFICER)
            why = reason("registry.source_down" if is_down else "registry.not_found")
            context |= {"unknown": why, "is_down": is_down, "ubn": ubn}
            return render(request, "points/eligibility.html", context)
    answers = assess(facts, at=at)
    return render(request, "points/eligibility_answer.html", context | _answer(facts, answers, at))


def _answer(facts: Any, answers: list[Assessment], at: Any) -> dict[str, Any]:
    """The first zone with points that fits speaks for the organisation; if none does, the first zone there is."""
    with_points = [each for each in answers if each.version.gives_points]
    general = min(with_points, key=lambda each: each.version.zone.position)
    chosen = next((each for each in with_points if each.is_eligible), general)
    if general.is_eligible:
        chosen = general
    said = {stop.words for stop in chosen.stops}
    offered = [each for each in answers if each.version.zone.funding != Zone.Funding.SHOWCASE]
    return {
        "facts": facts,
        "chosen": chosen,
        "checks": check_rows(chosen.outcomes, facts, at=at),
        "later": open_rows(chosen.outcomes),
        "fitting": rows_of(each.version for each in offered if each.is_eligible),
        "others": [
            {
                "row": row,
                "why": [stop.words for stop in each.stops if stop.words not in said]
                or [_("原因與上面相同。")],
            }
            for each in offered
            if not each.is_eligible and each is not chosen
            for row in rows_of([each.version])
        ],
        "about": [
            (_("名稱"), facts.name),
            (_("統一編號"), facts.ubn),
            (
                _("組織"),
                Organisation.Kind(facts.kind).label if facts.kind in Organisation.Kind.values else facts.kind,
            ),
            (_("所在地"), facts.township or _("登記地址看不出鄉鎮市區")),
            (_("行業"), facts.industry_name or _("登記沒有行業")),
        ],
    }
