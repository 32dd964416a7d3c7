"""Grow a past for the demonstration: enterprises, orders, payments. Does nothing where there are orders already."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from organisations.clock import now
from portal.services.history import ENTERPRISES, SEED, grow_history


class Command(BaseCommand):
    help = "Grow a past for the demonstration. Does nothing where there are orders already."

    def add_arguments(self, parser: CommandParser) -> None:
        """How many enterprises, and the seed they are drawn from."""
        parser.add_argument("--enterprises", type=int, default=ENTERPRISES)
        parser.add_argument("--seed", type=int, default=SEED)

    def handle(self, *args: Any, **options: Any) -> None:
        """One verb."""
        said = lambda sentence: self.stdout.write(f"   {sentence}")  # noqa: E731 - handed over as it is
        grown = grow_history(enterprises=options["enterprises"], at=now(), seed=options["seed"], told=said)
        self.stdout.write(f"   {grown:,} orders" if grown else "   nothing to do")
