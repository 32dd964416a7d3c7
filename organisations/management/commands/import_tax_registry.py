"""`manage.py import_tax_registry FILE|ZIP`: the tax register's open data, daily."""

from __future__ import annotations

import sys
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from organisations.clock import now
from organisations.models.registry import RegistryImport
from organisations.refusals import Refused
from organisations.services.registry_import import import_tax_registry

SHOWN_REFUSALS = 20
BAR_WIDTH = 30


class Command(BaseCommand):
    """Load BGMOPEN1.csv (or its ZIP, or BGMOPEN1X) as the Ministry of Finance publishes it."""

    help = (
        "Load the tax register's open data (BGMOPEN1 or BGMOPEN1X, CSV or ZIP). Repeat as often as you like."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """FILE and what to do with a file that lost many rows."""
        parser.add_argument("file", type=Path)
        parser.add_argument(
            "--may-shrink", action="store_true", help="accept a file that lacks more than 10 %% of the rows"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Import, then say what came of it and which lines were refused."""
        path: Path = options["file"]
        if not path.is_file():
            raise CommandError(f"{path}: no such file")
        started = time.monotonic()
        bar = _Bar(sys.stderr.isatty())
        try:
            run = import_tax_registry(path, at=now(), told=bar.show, may_shrink=options["may_shrink"])
        except Refused as refused:
            raise CommandError(str(refused)) from refused
        finally:
            bar.end()
        self._report(run, time.monotonic() - started)

    def _report(self, run: RegistryImport, seconds: float) -> None:
        self.stdout.write(
            f"{run.file_name} of {run.data_date}: {run.rows_read:,} rows in {seconds:.1f} s: "
            f"{run.rows_new:,} new, {run.rows_changed:,} changed, {run.rows_gone:,} gone, {run.rows_repeated:,} repeated, "
            f"{run.rows_skipped:,} skipped, {run.rows_quarantined:,} quarantined, {run.rows_refused:,} refused"
        )
        for row in run.refused_rows.all()[:SHOWN_REFUSALS]:
            self.stdout.write(f"  line {row.line_number:,}: {row.why} {row.detail}".rstrip())


class _Bar:
    """A progress bar, only on a terminal."""

    def __init__(self, is_terminal: bool) -> None:
        self.is_terminal = is_terminal
        self.shown = -1

    def show(self, done: int, total: int) -> None:
        """Redraw when another per cent is done."""
        percent = min(100, done * 100 // max(total, 1))
        if self.is_terminal and percent != self.shown:
            self.shown = percent
            filled = "█" * (percent * BAR_WIDTH // 100)
            sys.stderr.write(f"\r{filled:░<{BAR_WIDTH}} {percent:3} %  {done / 1e6:,.0f} MB")

    def end(self) -> None:
        """Leave the line."""
        if self.is_terminal and self.shown >= 0:
            sys.stderr.write("\n")
