"""Where a business is and what it trades: official lists, loaded by `load_reference_data`."""

from __future__ import annotations

from django.db import models

from organisations.languages import in_english, localised


class County(models.Model):
    """One of 22 counties and cities. Source: Ministry of the Interior administrative codes."""

    code = models.CharField(max_length=5, primary_key=True)
    name_zh = models.CharField(max_length=10, unique=True)
    name_en = models.CharField(max_length=40)
    region = models.CharField(max_length=10)
    id_letter = models.CharField(max_length=1)
    is_municipality = models.BooleanField(default=False, help_text="one of the six special municipalities")
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["position"]

    def __str__(self) -> str:
        return localised(self, "name")


class Township(models.Model):
    """One of 368 townships, with the flags that rules ask for. Its name alone is not unique (東區 exists in four cities)."""

    code = models.CharField(max_length=8, primary_key=True)
    county = models.ForeignKey(County, models.PROTECT, related_name="townships")
    name_zh = models.CharField(max_length=10)
    name_en = models.CharField(max_length=60)
    postal_code = models.CharField(max_length=3)
    is_rural = models.BooleanField(default=False)
    is_indigenous = models.BooleanField(default=False)
    is_hakka = models.BooleanField(default=False)
    is_offshore = models.BooleanField(default=False)
    population = models.PositiveIntegerField(default=0)
    longitude = models.DecimalField(max_digits=8, decimal_places=5)
    latitude = models.DecimalField(max_digits=8, decimal_places=5)

    class Meta:
        ordering = ["code"]
        constraints = [models.UniqueConstraint(fields=["county", "name_zh"], name="township_once_per_county")]

    def __str__(self) -> str:
        if in_english():
            return f"{self.name_en}, {self.county.name_en}"
        return f"{self.county.name_zh}{self.name_zh}"


class Industry(models.Model):
    """Official classification of trades, 11th revision: section (1 letter), division (2), group (3), class (4 digits).

    Wholesale (45-46) and retail (47-48) are one division each with two numbers. Source: DGBAS, 19 sections, 88 divisions.
    """

    class Level(models.TextChoices):
        SECTION = "section", "大類"
        DIVISION = "division", "中類"
        GROUP = "group", "小類"
        CLASS = "class", "細類"

    code = models.CharField(max_length=5, primary_key=True)
    level = models.CharField(max_length=8, choices=Level)
    parent = models.ForeignKey("self", models.PROTECT, null=True, related_name="children")
    section = models.CharField(max_length=1, db_index=True)
    name_zh = models.CharField(max_length=80)
    name_en = models.CharField(max_length=160, blank=True)

    class Meta:
        ordering = ["code"]

    def __str__(self) -> str:
        return localised(self, "name")


class Category(models.Model):
    """One of 16 groups of cloud software, editable by staff."""

    code = models.CharField(max_length=20, primary_key=True)
    name_zh = models.CharField(max_length=40)
    name_en = models.CharField(max_length=80)
    covers = models.TextField(blank=True)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["position"]

    def __str__(self) -> str:
        return localised(self, "name")


class SubCategory(models.Model):
    """One of 31 kinds of software that a solution is filed under."""

    code = models.CharField(max_length=4, primary_key=True)
    category = models.ForeignKey(Category, models.PROTECT, related_name="sub_categories")
    name_zh = models.CharField(max_length=40)
    name_en = models.CharField(max_length=80)
    group_zh = models.CharField(max_length=20)
    group_en = models.CharField(max_length=40)

    class Meta:
        ordering = ["code"]

    def __str__(self) -> str:
        return localised(self, "name")


class OfficeDay(models.Model):
    """A day of the government's office calendar: working days are counted in it."""

    date = models.DateField(primary_key=True)
    is_off = models.BooleanField()
    note = models.CharField(max_length=40, blank=True)
