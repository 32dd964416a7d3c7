"""What the demonstration starts with: a made-up country in the registers, the programme, the catalogue, and the cast."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from allauth.account.models import EmailAddress
from django.conf import settings
from django.core.management import call_command
from django.db import transaction
from django.utils import timezone

from organisations.models.organisation import BankAccount, Organisation
from organisations.models.people import Agency, Membership, StaffRole
from organisations.models.registry import RegistryRecord
from organisations.selectors.facts import registry_facts
from organisations.services.registry_import import import_tax_registry
from outside.sandbox.country import write_register
from outside.sandbox.samples import sample
from points.models.grants import SubsidyRecord
from points.models.programmes import SubProgramme
from portal.models import User
from portal.people import CAST, Person
from portal.services.history import ENTERPRISES, grow_history
from vendors.models.vendors import Vendor
from vendors.services.catalogue_loading import load_catalogue

COUNTRY_ROWS = 20_000
HISTORY_ENTERPRISES = int(os.environ.get("HISTORY_ENTERPRISES", ENTERPRISES))
BANK_CODE = "0040037"
Told = Callable[[str], object]


def load_demonstration(*, at: datetime, told: Told = lambda sentence: None) -> None:
    """Load everything that is not there yet; loading twice changes nothing.

    Raises: AssertionError in production.
    """
    if settings.PRODUCTION:
        raise AssertionError("the demonstration is not for production")
    told("programme, zones, rule book")
    call_command("load_programme", verbosity=0)
    told("vendors and solutions")
    load_catalogue(at=_first_day(at))
    if not RegistryRecord.objects.exists():
        told(f"register of {COUNTRY_ROWS:,} made-up businesses")
        load_registers(at=at)
    told("people")
    with transaction.atomic():
        for person in CAST:
            _settle(person, at=at)
        _give_accounts(at=at)
        _fund_elsewhere(at=at)
    if HISTORY_ENTERPRISES:
        told(f"a past of {HISTORY_ENTERPRISES:,} enterprises")
        grow_history(enterprises=HISTORY_ENTERPRISES, at=at)


def _first_day(at: datetime) -> datetime:
    """The catalogue was there before the first order of the past, and is listed until the end of this year."""
    return timezone.localtime(at).replace(month=1, day=1, hour=0, minute=0, second=0, microsecond=0)


def load_registers(*, at: datetime, count: int = COUNTRY_ROWS) -> None:
    """Write the country as the Ministry's file and import it the way the Ministry's file is imported."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "BGMOPEN1.csv"
        write_register(file, count)
        import_tax_registry(file, at=at)


def _settle(person: Person, *, at: datetime) -> None:
    user = _user(person)
    if person.staff_role:
        agency = Agency.objects.order_by("pk").first()
        StaffRole.objects.get_or_create(
            user=user, role=person.staff_role, ended_at=None, defaults={"agency": agency, "given_at": at}
        )
    organisation = _organisation(person, at=at)
    if organisation is not None and person.membership:
        Membership.objects.get_or_create(
            user=user,
            organisation=organisation,
            ended_at=None,
            defaults={"role": person.membership, "started_at": at - timedelta(days=30)},
        )


def _user(person: Person) -> User:
    user, made = User.objects.get_or_create(
        email=person.email, defaults={"username": person.key, "display_name": person.name}
    )
    if made:
        user.set_unusable_password()
        user.save(update_fields=["password"])
        EmailAddress.objects.create(user=user, email=person.email, verified=True, primary=True)
    return user


def _organisation(person: Person, *, at: datetime) -> Organisation | None:
    if person.vendor:
        return Vendor.objects.get(code=person.vendor).organisation
    if not (person.sample and person.membership):
        return None
    known = sample(person.sample)
    facts = registry_facts(known.ubn)
    if facts is None or known.enterprise is None:
        raise AssertionError(f"the register does not know {person.sample}")
    organisation, _made = Organisation.objects.get_or_create(
        ubn=known.ubn,
        defaults={
            "name": facts.name,
            "kind": Organisation.Kind.COMPANY,
            "responsible_person": known.enterprise.responsible.name,
            "address": facts.address,
            "township_id": facts.township_code,
            "industry_id": facts.industry_division,
            "industry_name": facts.industry_name,
            "capital_twd": facts.capital_twd,
            "setup_date": facts.setup_date,
            "register_status": "01",
            "phone": known.enterprise.responsible.phone,
            "checked_at": at,
            "joined_at": at - timedelta(days=30),
        },
    )
    return organisation


def _give_accounts(*, at: datetime) -> None:
    """Every vendor of the catalogue can be paid."""
    paid = BankAccount.objects.filter(valid_to=None).values("organisation")
    without = Vendor.objects.exclude(organisation__in=paid).select_related("organisation")
    BankAccount.objects.bulk_create(
        BankAccount(
            organisation=vendor.organisation,
            bank_code=BANK_CODE,
            account_number=f"0371{vendor.pk:08d}",
            account_name=vendor.organisation.name,
            valid_from=at - timedelta(days=365),
        )
        for vendor in without
    )


def _fund_elsewhere(*, at: datetime) -> None:
    """One sample has a small grant of a sister programme: no double subsidy."""
    sister = SubProgramme.objects.order_by("code").first()
    SubsidyRecord.objects.get_or_create(
        ubn=sample("funded_elsewhere").ubn,
        grant=None,
        defaults={
            "sub_programme": sister,
            "programme_name": sister.name_zh if sister else "",
            "kind": "small",
            "cost_item": "雲端服務",
            "amount_twd": 30_000,
            "approved_at": at - timedelta(days=90),
        },
    )
