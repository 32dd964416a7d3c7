"""`{% load catalogue %}`: bars whose whole length is not their own sum."""

from __future__ import annotations

from django.template import Library
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = Library()


@register.simple_tag
def split_of(whole: int, points: int, copay: int, label: str) -> SafeString:
    """A price in two halves, drawn as a part of `whole`, so that years can be compared by eye. Units: points, NT$."""
    return format_html(
        '<svg role="img" aria-label="{}"><rect class="split-points" width="{}%" height="100%"/>'
        '<rect class="split-own" x="{}%" width="{}%" height="100%"/></svg>',
        label,
        _per_cent(points, whole),
        _per_cent(points, whole),
        _per_cent(copay, whole),
    )


def _per_cent(part: int, whole: int) -> int:
    return 100 * part // whole if whole else 0
