"""Pages of the shell: home, desks, texts, demonstration."""

from django.conf import settings
from django.urls import path

from portal.views import demo, desks, pages, transparency

TEXTS = ("help", "sitemap", "privacy", "accessibility", "open-data", "about")

app_name = "portal"
urlpatterns = [
    path("", pages.home, name="home"),
    path("theme/", pages.set_theme, name="theme"),
    path("transparency/", transparency.figures, name="transparency"),
    path("my/", desks.my_desk, name="my"),
    path("vendor/", desks.vendor_desk, name="vendor"),
    path("office/", desks.office_desk, name="office"),
    path("audit/", desks.audit_desk, name="audit"),
    *(path(f"{name}/", pages.text_page, {"name": name}, name=name) for name in TEXTS),
]

if settings.DEMONSTRATION:
    urlpatterns += [
        path("demo/", demo.index, name="demo"),
        path("demo/sign-in/", demo.sign_in_as, name="demo_sign_in"),
        path("demo/clock/", demo.move_clock, name="demo_clock"),
        path("demo/phone/", demo.phone, name="demo_phone"),
        path("demo/inbox/", demo.inbox, name="demo_inbox"),
        path("demo/card-reader/", demo.card_reader, name="demo_card_reader"),
        path("demo/card-reader/sign/", demo.sign_with_card, name="demo_card_sign"),
        path("demo/bank/", demo.bank, name="demo_bank"),
    ]
