"""One module per noun; imported here only so that Django finds them."""

from marketplace.models import claims, notices, orders  # noqa: F401
