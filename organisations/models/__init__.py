"""One module per noun; imported here only so that Django finds them."""

from organisations.models import clock, documents, jobs, notices, organisation, people, places, registry  # noqa: F401
