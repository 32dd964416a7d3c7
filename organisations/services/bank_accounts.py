"""Where an organisation is paid."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction

from organisations.models.organisation import BankAccount, Organisation
from organisations.services.outbox import publish


def set_bank_account(
    *,
    organisation: Organisation,
    bank_code: str,
    account_number: str,
    account_name: str,
    by: Any,
    at: datetime,
) -> BankAccount:
    """The account in force from now on; the one before stays readable. The same account again changes nothing."""
    with transaction.atomic():
        Organisation.objects.select_for_update().get(pk=organisation.pk)
        old = BankAccount.objects.filter(organisation=organisation, valid_to=None).first()
        facts = {"bank_code": bank_code, "account_number": account_number, "account_name": account_name}
        if old is not None and all(getattr(old, name) == value for name, value in facts.items()):
            return old
        if old is not None:
            old.valid_to = at
            old.save(update_fields=["valid_to"])
        new = BankAccount.objects.create(organisation=organisation, valid_from=at, **facts)
        publish(
            "bank_account_changed", {"organisation": organisation.pk, "account": new.pk, "by": by.pk}, at=at
        )
    return new
