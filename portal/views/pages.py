"""Pages for everybody that own no data: home, text pages, theme, style guide, errors."""

from __future__ import annotations

from django.core.cache import cache
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from organisations import clock
from organisations.templatetags.look import path as in_language
from points.selectors.zone_rows import zone_rows
from portal.selectors.public_figures import counties_reached, public_figures

FIGURES_SECONDS = 60
YEAR_SECONDS = 365 * 24 * 3600
THEMES = ("light", "dark", "system")


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """The front page."""
    return render(request, "portal/home.html", {"needs": needs(), **home_figures()})


def needs() -> list[dict[str, str]]:
    """What shop owners say most often, each leading to a search of the catalogue."""
    words = [
        _("排隊結帳太慢"),
        _("庫存對不起來"),
        _("客人記不住"),
        _("排班算薪水"),
        _("開電子發票"),
        _("電話訂位漏接"),
    ]
    return [
        {"words": each, "url": f"{in_language('/solutions/')}?{urlencode({'q': each})}"} for each in words
    ]


def home_figures() -> dict[str, object]:
    """What the front page shows of the platform's data, at most a minute old; a part without data is left out of the page.

    Keys: `counties` (each `name`, `per_hundred`), `zones` (rows), `figures` (each `label`, `value`, `unit`, `foot`), `as_of`.
    """
    return cache.get_or_set(f"home:{get_language()}", _count_figures, FIGURES_SECONDS) or {}


def _count_figures() -> dict[str, object]:
    at = clock.now()
    counties, figures = counties_reached(at=at), public_figures(at=at)
    return {"counties": counties, "zones": zone_rows(at=at), "figures": figures, "as_of": at}


@require_safe
def text_page(request: HttpRequest, *, name: str) -> HttpResponse:
    """One of the text pages in `templates/portal/text/`."""
    return render(request, f"portal/text/{name}.html")


@require_safe
def set_theme(request: HttpRequest) -> HttpResponse:
    """Keeps the person's choice of light, dark or the system's, and goes back to where they were."""
    theme = request.GET.get("set", "system")
    response = HttpResponseRedirect(_back(request))
    if theme in THEMES:
        response.set_cookie("theme", theme, max_age=YEAR_SECONDS, samesite="Lax", secure=request.is_secure())
    return response


def _back(request: HttpRequest) -> str:
    came_from = request.META.get("HTTP_REFERER", "")
    safe = url_has_allowed_host_and_scheme(
        came_from, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return came_from if safe else "/"
