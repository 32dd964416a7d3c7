"""Load the demonstration: registers, programme, catalogue, people. Safe to run again."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from organisations.clock import now
from portal.services.demonstration import load_demonstration


class Command(BaseCommand):
    help = "Load the demonstration: registers, programme, catalogue, people. Safe to run again."

    def handle(self, *args: Any, **options: Any) -> None:
        """Say each step while it runs."""
        load_demonstration(at=now(), told=lambda sentence: self.stdout.write(f"   {sentence}"))
