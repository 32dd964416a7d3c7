"""Pages of the shell: home, desks, texts, demonstration."""

from django.urls import path

from portal.views import pages

TEXTS = ("help", "sitemap", "privacy", "accessibility", "open-data", "about")

app_name = "portal"
urlpatterns = [
    path("", pages.home, name="home"),
    path("theme/", pages.set_theme, name="theme"),
    *(path(f"{name}/", pages.text_page, {"name": name}, name=name) for name in TEXTS),
]
