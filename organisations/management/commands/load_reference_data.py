"""`manage.py load_reference_data`: official lists, as often as one likes."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from organisations.services.reference_data import load_reference_data


class Command(BaseCommand):
    """Townships, trades, kinds of software, office days and register codes."""

    help = "Load the official lists (places, trades, kinds of software, office days, register codes)."

    def handle(self, *args: Any, **options: Any) -> None:
        """Load and say how many rows each list has."""
        for name, count in load_reference_data().items():
            self.stdout.write(f"{name:<12} {count:>6,}")
