"""Styles and scripts as browsers get them: hashed names, compressed beforehand."""

from __future__ import annotations

from typing import Any

import brotli
from django.conf import settings
from whitenoise.compress import Compressor
from whitenoise.storage import CompressedManifestStaticFilesStorage


class QuickCompressor(Compressor):
    """Brotli at level 9: a fifteenth of the time of level 11 for one tenth more bytes. A first start waits for it."""

    @staticmethod
    def compress_brotli(data: bytes) -> bytes:
        """The compressed bytes."""
        return brotli.compress(data, quality=9)


class HashedStaticFiles(CompressedManifestStaticFilesStorage):
    """The smallest files in production, where the image is built once; the quickest elsewhere."""

    def create_compressor(self, **kwargs: Any) -> Compressor:
        """How `collectstatic` compresses."""
        return Compressor(**kwargs) if settings.PRODUCTION else QuickCompressor(**kwargs)
