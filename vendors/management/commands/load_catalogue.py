"""`manage.py load_catalogue`: vendors, solutions and synonyms, as often as one likes."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from organisations.clock import now
from vendors.services.catalogue_loading import load_catalogue


class Command(BaseCommand):
    """Vendors, solutions with their plans, and synonyms of the search."""

    help = "Load the vendors, their solutions and the synonyms of the search."

    def handle(self, *args: Any, **options: Any) -> None:
        """Load and say how many rows each kind has."""
        for name, count in load_catalogue(at=now()).items():
            self.stdout.write(f"{name:<12} {count:>6,}")
