"""The starting catalogue: complete, repeatable, and never at the cost of an older version."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from organisations.services.reference_data import load_reference_data
from organisations.ubn import is_valid_ubn
from vendors.models.solutions import Plan, Solution, SolutionVersion, Synonym
from vendors.models.vendors import Vendor
from vendors.services.catalogue_loading import load_catalogue

AT = datetime(2026, 11, 20, 1, tzinfo=UTC)
LATER = datetime(2026, 12, 1, 1, tzinfo=UTC)
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _loaded() -> None:
    load_reference_data()
    load_catalogue(at=AT)


def test_loading_brings_every_vendor_and_solution_with_plans() -> None:
    assert Vendor.objects.count() == 60
    assert Solution.objects.filter(state=Solution.State.LISTED, current__isnull=False).count() == 300
    assert not SolutionVersion.objects.filter(plans=None).exists()
    assert Synonym.objects.count() > 200


def test_every_vendor_has_a_valid_business_number() -> None:
    assert all(
        is_valid_ubn(vendor.organisation.ubn) for vendor in Vendor.objects.select_related("organisation")
    )


def test_loading_twice_changes_nothing() -> None:
    before = (SolutionVersion.objects.count(), Plan.objects.count(), Synonym.objects.count())
    load_catalogue(at=LATER)
    assert (SolutionVersion.objects.count(), Plan.objects.count(), Synonym.objects.count()) == before


def test_a_changed_file_becomes_a_new_version_and_keeps_the_old() -> None:
    solution = Solution.objects.get(code="S0001")
    SolutionVersion.objects.filter(pk=solution.current_id).update(summary_zh="舊的說明")
    load_catalogue(at=LATER)
    solution.refresh_from_db()
    assert solution.current is not None
    assert solution.current.number == 2
    assert solution.versions.get(number=1).summary_zh == "舊的說明"
    assert solution.versions.get(number=1).plans.exists()


def test_loading_does_not_lift_a_suspension() -> None:
    Vendor.objects.filter(code="V002").update(state=Vendor.State.SUSPENDED)
    load_catalogue(at=LATER)
    assert Vendor.objects.get(code="V002").state == Vendor.State.SUSPENDED
