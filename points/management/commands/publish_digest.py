"""`manage.py publish_digest`: the day's fingerprint of the ledger."""

from typing import Any

from django.core.management.base import BaseCommand

from organisations.clock import now
from points.services.digests import publish_digest


class Command(BaseCommand):
    help = "Publish a digest over the transfers since the last one."

    def handle(self, *args: Any, **options: Any) -> None:
        """One verb."""
        digest = publish_digest(at=now())
        self.stdout.write(
            "Nothing was moved since the last digest."
            if digest is None
            else f"{digest.sha256}  {digest.transfers} transfers"
        )
