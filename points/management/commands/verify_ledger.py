"""`manage.py verify_ledger`: recompute every balance, hold and digest; fails when one does not tie out."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from points.selectors.verification import verify_ledger


class Command(BaseCommand):
    help = "Recompute the ledger from its transfers and say what does not tie out."

    def handle(self, *args: Any, **options: Any) -> None:
        """One selector."""
        faults = verify_ledger()
        for fault in faults:
            self.stderr.write(f"{fault.check}: {fault.row} {fault.words}")
        if faults:
            raise CommandError(f"{len(faults)} faults")
        self.stdout.write("The ledger ties out: balances, holds, guards and digests.")
