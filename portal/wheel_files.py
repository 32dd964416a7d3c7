"""Script files that a Python wheel carries, served as our own: plotly.js, so that no page loads from elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from django.contrib.staticfiles.finders import BaseFinder
from django.core.files.storage import FileSystemStorage

PLOTLY = "plotly/plotly.min.js"


def _package_data() -> Path:
    spec = find_spec("plotly")
    if spec is None or spec.origin is None:
        raise FileNotFoundError("plotly is not installed")
    return Path(spec.origin).parent / "package_data"


class PrefixedStorage(FileSystemStorage):
    """Files of a folder under a prefix of their own."""

    prefix = "plotly"


class WheelFinder(BaseFinder):
    """Finds `plotly/plotly.min.js`."""

    def check(self, **kwargs: Any) -> list[Any]:
        """Nothing to configure."""
        return []

    def find(self, path: str, find_all: bool = False, **kwargs: Any) -> Any:
        """Where the file lies, for the development server."""
        if path != PLOTLY:
            return []
        found = str(_package_data() / "plotly.min.js")
        return [found] if find_all else found

    def list(self, ignore_patterns: Iterable[str] | None) -> Iterator[tuple[str, FileSystemStorage]]:
        """The file, for `collectstatic`."""
        yield "plotly.min.js", PrefixedStorage(location=_package_data())
