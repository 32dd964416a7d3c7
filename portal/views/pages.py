"""Pages for everybody that own no data: home, text pages, theme, style guide, errors."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from organisations.templatetags.look import path as in_language

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
    """What the front page shows of the platform's data; a part without data is left out of the page.

    Keys: `counties` (each `name`, `per_hundred`), `counties_as_of`, `zones` (each `name`, `who`, `rate_bp`, `cap_points`, `url`),
    `figures` (each `label`, `value`, `unit`, `foot`), `figures_as_of`, `cases`, `news` (each `day`, `title`, `url`).
    """
    return {}


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
