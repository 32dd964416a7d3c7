"""One module per noun; imported here only so that Django finds them."""

from vendors.models import solutions, vendors  # noqa: F401
