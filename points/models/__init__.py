"""One module per noun; imported here only so that Django finds them."""

from points.models import audit, grants, ledger, notices, programmes  # noqa: F401
