"""Addresses. Every app's `urls.py` holds whole paths ("my/…"); pages stand in both languages, interfaces in one."""

from __future__ import annotations

from importlib.util import find_spec

from django.conf import settings
from django.conf.urls.i18n import i18n_patterns
from django.urls import URLPattern, URLResolver, include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from portal.views import health

APPS = ("portal", "pmo", "youth", "advisory", "marketplace", "vendors", "points", "organisations")


def _pages() -> list[URLResolver]:
    """`<app>/urls.py` of each app; of the portal itself `portal/page_urls.py`, because this file has that name."""
    modules = ["portal.page_urls", *(f"{app}.urls" for app in APPS if app != "portal")]
    return [path("", include(module)) for module in modules if find_spec(module)]


def _interfaces() -> list[URLResolver]:
    return [path("api/v1/", include(f"{app}.api_urls")) for app in APPS if find_spec(f"{app}.api_urls")]


urlpatterns: list[URLPattern | URLResolver] = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", health.metrics, name="metrics"),
    path("api/schema/", SpectacularAPIView.as_view(), name="schema"),
    path("api/docs/", SpectacularSwaggerSplitView.as_view(url_name="schema"), name="schema-docs"),
    path("i18n/", include("django.conf.urls.i18n")),
    *_interfaces(),
    *i18n_patterns(path("accounts/", include("allauth.urls")), *_pages(), prefix_default_language=False),
]

if not settings.PRODUCTION:
    urlpatterns.append(path("styleguide/", include("portal.styleguide_urls")))
