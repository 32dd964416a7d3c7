#!/usr/bin/env python3
"""Check a downloaded ledger with nothing but Python: `python3 verify.py digests.csv transfers.csv`.

Both files come from the platform's page "transparency". Keep your copy of digests.csv: if anybody changes an old
transfer later, the digests that you kept will not fit any more. Exit code 0 = everything fits.
"""

import csv
import hashlib
from collections import defaultdict


def main(digests_file: str, transfers_file: str) -> bool:
    """Print what does not fit; whether anything did not."""
    faults: list[str] = []
    with open(digests_file, newline="", encoding="utf-8") as lines:
        digests = sorted(csv.DictReader(lines), key=lambda row: int(row["to_transaction"]))
    previous, start = "", 0
    for row in digests:
        if row["previous"] != previous or int(row["from_transaction"]) != start:
            faults.append(f"digest {row['id']} does not go on from the one before")
        previous, start = row["sha256"], int(row["to_transaction"])
    hashes = [hashlib.sha256(row["previous"].encode()) for row in digests]
    starts = [int(row["from_transaction"]) for row in digests]
    came: dict[str, int] = defaultdict(int)
    went: dict[str, int] = defaultdict(int)
    held: dict[str, int] = defaultdict(int)
    left: dict[str, int] = {}
    treasuries: set[str] = set()
