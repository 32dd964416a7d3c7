"""What is listed: solutions, the versions of their file, and price plans. A version is never edited; orders keep the one they were made on."""

from __future__ import annotations

from django.db import models
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from organisations.models.places import SubCategory
from vendors.models.vendors import Vendor


class Solution(models.Model):
    """A product on the list. Delisted ones stay readable."""

    class State(models.TextChoices):
        DRAFT = "draft", _("草稿")
        LISTED = "listed", _("上架中")
        STOPPED = "stopped", _("暫停銷售")
        DELISTED = "delisted", _("已下架")

    vendor = models.ForeignKey(Vendor, models.PROTECT, related_name="solutions")
    code = models.CharField(max_length=10, unique=True)
    state = models.CharField(max_length=10, choices=State, default=State.DRAFT)
    current = models.OneToOneField("SolutionVersion", models.PROTECT, null=True, related_name="+")
    main_sub_category = models.ForeignKey(SubCategory, models.PROTECT, related_name="main_solutions")
    sub_categories = models.ManyToManyField(SubCategory, related_name="solutions")
    listed_at = models.DateTimeField(null=True)
    listed_until = models.DateField(null=True, help_text="31 December, renewed yearly")
    rating_sum = models.PositiveIntegerField(default=0)
    rating_count = models.PositiveIntegerField(default=0)
    demo_quality = models.PositiveSmallIntegerField(
        default=3, help_text="demonstration only: steers made-up history, never shown"
    )

    class Meta:
        indexes = [models.Index(fields=["state"], name="solution_state")]

    def __str__(self) -> str:
        return self.code

    @property
    def is_on_sale(self) -> bool:
        """Whether it can be ordered today: listed, and its vendor neither suspended nor gone."""
        return self.state == self.State.LISTED and self.vendor.state == Vendor.State.ACTIVE


class SolutionVersion(models.Model):
    """The solution file as it stood from a moment on."""

    solution = models.ForeignKey(Solution, models.PROTECT, related_name="versions")
    number = models.PositiveSmallIntegerField()
    valid_from = models.DateTimeField()
    name_zh = models.CharField(max_length=60)
    name_en = models.CharField(max_length=60)
    tagline_zh = models.CharField(max_length=120, blank=True)
    tagline_en = models.CharField(max_length=200, blank=True)
    summary_zh = models.TextField()
    summary_en = models.TextField()
    functions_zh = models.JSONField(default=list)
    functions_en = models.JSONField(default=list)
    details = models.JSONField(
        default=dict,
        help_text="the rest of the file: fit, exit, sla, security, AI, years 2 and 3",
    )

    class Meta:
        constraints = [models.UniqueConstraint(fields=["solution", "number"], name="solution_version_number")]

    @property
    def name(self) -> str:
        """The name in the reader's language."""
        return self.name_en if (get_language() or "").startswith("en") else self.name_zh


class Plan(models.Model):
    """A price plan of a version: one price for a whole term."""

    version = models.ForeignKey(SolutionVersion, models.PROTECT, related_name="plans")
    position = models.PositiveSmallIntegerField()
    name_zh = models.CharField(max_length=40)
    name_en = models.CharField(max_length=60)
    price_twd = models.PositiveIntegerField()
    months = models.PositiveSmallIntegerField()
    data_volume = models.PositiveIntegerField(help_text="records")
    users = models.PositiveIntegerField(help_text="seats; 999 = unlimited")

    class Meta:
        ordering = ["position"]
        constraints = [models.CheckConstraint(condition=models.Q(price_twd__gt=0), name="plan_has_a_price")]

    @property
    def name(self) -> str:
        """The name in the reader's language."""
        return self.name_en if (get_language() or "").startswith("en") else self.name_zh


class Synonym(models.Model):
    """Two words that owners use for the same thing (收銀機 = POS); search reads them both ways."""

    term = models.CharField(max_length=60)
    synonym = models.CharField(max_length=60)
    language = models.CharField(max_length=2)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["term", "synonym"], name="synonym_once")]

    def __str__(self) -> str:
        return f"{self.term} = {self.synonym}"
