"""What production refuses, and what machines may read."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from pytest_django import Settings

from portal.checks import production_is_real
from portal.runtime.places import ROOT


def real(settings: Settings) -> None:
    """Settings with which production would start."""
    settings.PRODUCTION = True
    settings.SANDBOX_URL = ""
    settings.PUBLIC_ORIGIN = "https://platform.example"
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = False
    settings.PAYER_ACCOUNT = "1"
    settings.DEBUG = False


def test_production_starts_with_real_settings(settings: Settings) -> None:
    real(settings)
    assert production_is_real() == []


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("SANDBOX_URL", "http://127.0.0.1:9", "portal.E001"),
        ("PUBLIC_ORIGIN", "http://platform.example", "portal.E002"),
        ("EMAIL_BACKEND", "django.core.mail.backends.console.EmailBackend", "portal.E003"),
        ("EMAIL_BACKEND", "outside.mailbox.SandboxBackend", "portal.E003"),
        ("MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN", True, "portal.E004"),
        ("PAYER_ACCOUNT", "", "portal.E005"),
        ("DEBUG", True, "portal.E006"),
    ],
)
def test_production_refuses(settings: Settings, name: str, value: object, code: str) -> None:
    real(settings)
    setattr(settings, name, value)
    assert [message.id for message in production_is_real()] == [code]


@pytest.mark.parametrize(("header", "status"), [("", 403), ("Bearer wrong", 403), ("Bearer right", 200)])
def test_metrics_need_their_token(client: Client, settings: Settings, header: str, status: int) -> None:
    settings.METRICS_TOKEN = "right"
    assert client.get("/metrics", headers={"Authorization": header}).status_code == status


def test_metrics_are_closed_in_production_without_a_token(client: Client, settings: Settings) -> None:
    settings.PRODUCTION, settings.METRICS_TOKEN = True, ""
    assert client.get("/metrics", headers={"Authorization": "Bearer "}).status_code == 403


def test_every_setting_is_explained() -> None:
    explained = set(re.findall(r"`([A-Z_]{3,})`", (ROOT / "docs/settings.md").read_text()))
    read = set(re.findall(r'env(?:\.\w+)?\(\s*"([A-Z_]+)"', (ROOT / "portal/settings.py").read_text()))
    assert read - explained == set()
    assert len(read) > 30
