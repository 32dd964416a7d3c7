#!/usr/bin/env python3
"""Check a downloaded ledger with nothing but Python: `python3 verify.py digests.csv transfers.csv`.

Both files come from the platform's page "transparency". Keep your copy of digests.csv: if anybody changes an old
transfer later, the digests that you kept will not fit any more. Exit code 0 = everything fits.
"""

from __future__ import annotations

import csv
import hashlib
import sys
from bisect import bisect_right
from collections import Counter


def main(digests_file: str, transfers_file: str) -> bool:
    """Print what does not fit; whether anything did not."""
    faults, digests = chain(digests_file)
    came: Counter[str] = Counter()
    went: Counter[str] = Counter()
    held: Counter[str] = Counter()
    left: Counter[str] = Counter()
    treasuries: set[str] = set()
    hashes = [hashlib.sha256(row["previous"].encode()) for row in digests]
    starts = [int(row["from_transaction"]) for row in digests]
    end = int(digests[-1]["to_transaction"]) if digests else 0
    with open(transfers_file, "rb") as lines:
        header = next(lines).decode().strip().split(",")
        for line in lines:
            row = dict(zip(header, next(csv.reader([line.decode()])), strict=True))
            number, points, operation = int(row["transaction_id"]), int(row["points"]), row["operation"]
            if number < end:
                hashes[bisect_right(starts, number) - 1].update(line)
            if operation == "hold":
                left[row["id"]] += points
                held[row["debit"]] += points
            if operation in ("capture", "release"):
                left[row["hold_id"]] -= points
                held[row["debit"]] -= points
            if operation not in ("hold", "release"):
                went[row["debit"]] += points
                came[row["credit"]] += points
            if operation == "appropriate":
                treasuries.add(row["debit"])
    for each, digest in zip(digests, hashes, strict=True):
        if digest.hexdigest() != each["sha256"]:
            faults.append(f"digest {each['id']} does not fit its transfers")
    faults += [f"hold {hold} is exceeded by {-points}" for hold, points in left.items() if points < 0]
    faults += [
        f"account {a} gave {went[a]} of {came[a]}"
        for a in went
        if a not in treasuries and went[a] + held[a] > came[a]
    ]
    for fault in faults:
        print(fault)
    print(
        f"{len(digests)} digests, {sum(came.values())} points moved: "
        + ("FAULTS" if faults else "everything fits")
    )
    return bool(faults)


def chain(digests_file: str) -> tuple[list[str], list[dict[str, str]]]:
    """What is wrong with the chain of digests, and the digests in order."""
    with open(digests_file, newline="", encoding="utf-8") as lines:
        digests = sorted(csv.DictReader(lines), key=lambda row: int(row["to_transaction"]))
    faults, previous, start = [], "", 0
    for row in digests:
        if row["previous"] != previous or int(row["from_transaction"]) != start:
            faults.append(f"digest {row['id']} does not go on from the one before")
        previous, start = row["sha256"], int(row["to_transaction"])
    return faults, digests


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
