"""What a person may see and do: memberships (for organisations) and staff roles (for the office)."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet

from organisations.models.organisation import Organisation
from organisations.models.people import Membership, StaffRole

RANK = {Membership.Role.VIEWER: 0, Membership.Role.PREPARER: 1, Membership.Role.ACCEPTOR: 2}


def memberships_of(user: Any) -> QuerySet[Membership]:
    """The organisations that `user` acts for now, oldest first."""
    return (
        Membership.objects.filter(user_id=user.pk, ended_at=None)
        .select_related("organisation")
        .order_by("started_at", "pk")
    )


def membership_in(user: Any, organisation: Organisation) -> Membership | None:
    """The membership of `user` in `organisation`, if in force."""
    return Membership.objects.filter(user_id=user.pk, organisation=organisation, ended_at=None).first()


def has_rank(membership: Membership, role: str) -> bool:
    """Whether the membership's role is at least `role` (viewer < preparer < acceptor)."""
    return RANK[Membership.Role(membership.role)] >= RANK[Membership.Role(role)]


def staff_roles_of(user: Any) -> set[str]:
    """The office roles `user` holds now."""
    return set(StaffRole.objects.filter(user_id=user.pk, ended_at=None).values_list("role", flat=True))
