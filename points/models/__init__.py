"""One module per noun; imported here only so that Django finds them. The ledger's tables are in `ledger`."""

from points.models import grants, programmes  # noqa: F401
