"""`manage.py load_programme`: the seed programme with its budgets, zones and rule book."""

from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandParser

from organisations.clock import now
from points.services.seeding import load_programme


class Command(BaseCommand):
    help = "Load agencies, sister programmes, budgets, zones and the rule book (as often as you like)."

    def add_arguments(self, parser: CommandParser) -> None:
        """Who answers for the zones: two different people."""
        parser.add_argument("--made-by", help="user name of the person who drafted the zones")
        parser.add_argument("--approved-by", help="user name of the person who approved them")

    def handle(self, *args: Any, **options: Any) -> None:
        """One verb."""
        people = {
            word: get_user_model().objects.get(username=options[word])
            for word in ("made_by", "approved_by")
            if options[word]
        }
        for name, count in load_programme(at=now(), **people).items():
            self.stdout.write(f"{name:<14} {count:>6,}")
