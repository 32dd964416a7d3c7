"""Signing up in the middle of joining: the number is still there afterwards."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.core import mail
from django.core.cache import cache
from django.test import Client

from organisations import clock
from organisations.models.registry import RegistryCheck
from organisations.services.registry import answer_check
from outside.sandbox.samples import sample
from tests.sandbox import Sandbox

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("lists")]
RESTAURANT = sample("restaurant").ubn


def test_new_person_comes_back_to_the_number_after_signing_up(sandbox: Sandbox, settings: Any) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    cache.clear()
    client = Client()
    client.post("/my/join/", {"ubn": RESTAURANT})
    answer_check(RegistryCheck.objects.get(), at=clock.now())
    page = client.get(f"/my/join/{RESTAURANT}/").content.decode()
    link = re.findall(r'href="(/accounts/signup/\?next=[^"]+)"', page)[0]
    form = client.get(link).content.decode()
    assert f'value="/my/join/{RESTAURANT}/prove/"' in form
    answer = {
        "email": "owner@example.org",
        "password1": "a-long-passphrase-7",
        "password2": "a-long-passphrase-7",
        "next": f"/my/join/{RESTAURANT}/prove/",
    }
    names = set(re.findall(r'<input[^>]*name="([^"]+)"', form)) - {"csrfmiddlewaretoken"}
    sent = client.post("/accounts/signup/", {name: answer.get(name, "林秀英") for name in names})
    assert sent.status_code == 302, sent.content.decode()
    code = re.findall(r"^[A-Z]{4}-[A-Z]{4}$", mail.outbox[-1].body, re.MULTILINE)[0]
    done = client.post(sent.url, {"code": code})
    assert done.status_code == 302, done.content.decode()
    assert done.url.endswith(f"/my/join/{RESTAURANT}/prove/")
    assert client.get(done.url).status_code == 200
