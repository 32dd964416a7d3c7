"""Points and money are whole numbers; one rounding rule for shares of them."""

from __future__ import annotations

WHOLE_BP = 10_000


def share_of(amount: int, rate_bp: int) -> int:
    """The part of `amount` that `rate_bp` basis points make, rounded down: a subsidy never exceeds its rate.

    Units: amount in points or NT$, rate in basis points (5,000 = 50 %).
    """
    return amount * rate_bp // WHOLE_BP
