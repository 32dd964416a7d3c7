#!/usr/bin/env python3
"""Check a downloaded ledger with nothing but Python: `python3 verify.py digests.csv transfers.csv`.

Both files come from the platform's page "transparency". Keep your copy of digests.csv: if anybody changes an old
transfer later, the digests that you kept will not fit any more. Exit code 0 = everything fits.
"""

import csv
import hashlib
import sys
from bisect import bisect_right
from collections import defaultdict


def main(digests_file, transfers_file):
    faults = []
    with open(digests_file, newline="", encoding="utf-8") as lines:
        digests = sorted(csv.DictReader(lines), key=lambda row: int(row["to_transaction"]))
    previous, start = "", 0
    for row in digests:
        if row["previous"] != previous or int(row["from_transaction"]) != start:
            faults.append(f"digest {row['id']} does not go on from the one before")
        previous, start = row["sha256"], int(row["to_transaction"])
    hashes = [hashlib.sha256(row["previous"].encode()) for row in digests]
    starts = [int(row["from_transaction"]) for row in digests]
    came, went, held, left, treasuries = defaultdict(int), defaultdict(int), defaultdict(int), {}, set()
    with open(transfers_file, "rb") as lines:
        header = next(lines).decode().strip().split(",")
        for line in lines:
            row = dict(zip(header, next(csv.reader([line.decode()])), strict=True))
            number = int(row["transaction_id"])
            if digests and number < start:
                hashes[bisect_right(starts, number) - 1].update(line)
            points, operation = int(row["points"]), row["operation"]
            if operation == "hold":
                left[row["id"]] = points
                held[row["debit"]] += points
            if operation in ("capture", "release"):
                left[row["hold_id"]] -= points
                held[row["debit"]] -= points
            if operation not in ("hold", "release"):
                went[row["debit"]] += points
                came[row["credit"]] += points
            if operation == "appropriate":
                treasuries.add(row["debit"])
    faults += [
        f"digest {row['id']} does not fit its transfers"
        for row, h in zip(digests, hashes, strict=True)
        if h.hexdigest() != row["sha256"]
    ]
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


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
