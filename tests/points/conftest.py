"""The seed programme, and organisations that ask for points."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.contrib.auth import get_user_model

from organisations.models.organisation import Organisation
from organisations.models.people import IdentityProof, Membership
from points.models.programmes import Zone
from points.services.seeding import load_programme
from tests.sandbox import sandbox, sandbox_server  # noqa: F401 - fixtures

AT = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
_numbers = itertools.count(10_000_000)


@pytest.fixture
def programme(db: None) -> None:
    """Agencies, budgets, zones and the rule book of ROC 115."""
    load_programme(at=AT)


@pytest.fixture
def general(programme: None) -> Zone:
    """The general subsidised zone."""
    return Zone.objects.get(code="general")


@pytest.fixture
def new_person(db: None) -> Callable[..., Any]:
    """Makes people who can sign in."""
    return lambda name="林秀英": get_user_model().objects.create(
        username=f"person-{next(_numbers)}", display_name=name
    )


@pytest.fixture
def new_organisation(new_person: Callable[..., Any]) -> Callable[..., tuple[Organisation, Any]]:
    """Makes an organisation with an acceptor who proved authority by phone."""

    def make(**facts: Any) -> tuple[Organisation, Any]:
        person = new_person()
        about = {
            "ubn": str(next(_numbers)),
            "name": "阿英麵店",
            "kind": Organisation.Kind.SOLE,
            "address": "臺南市中西區民族路二段1號",
            "capital_twd": 100_000,
            "setup_date": date(2019, 5, 1),
            "checked_at": AT,
            "joined_at": AT,
        }
        organisation = Organisation.objects.create(**about | facts)
        membership = Membership.objects.create(
            user=person, organisation=organisation, role="acceptor", started_at=AT
        )
        IdentityProof.objects.create(membership=membership, method="mobile", proven_at=AT)
        return organisation, person

    return make
