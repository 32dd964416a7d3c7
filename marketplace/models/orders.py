"""An order from choice to use: frozen plan, both signatures, delivery, use, what people thought of it."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from organisations.models.organisation import Organisation
from organisations.moves import MoveLog
from points.models.grants import Grant
from vendors.models.solutions import Plan, SolutionVersion
from vendors.models.vendors import Vendor


class Order(models.Model):
    """One plan of one solution for one organisation. Points are held when the buyer signs, captured at acceptance."""

    class State(models.TextChoices):
        DRAFT = "draft", _("待簽署")
        SIGNED = "signed", _("等業者回覆")
        ACCEPTED = "accepted", _("業者已接單")
        ACTIVATED = "activated", _("已啟用")
        IN_USE = "in_use", _("使用中")
        REFUSED = "refused", _("業者未接單")
        EXPIRED = "expired", _("逾期取消")
        CANCELLED = "cancelled", _("已取消")

    MOVES = {
        "sign": (("draft",), "signed"),
        "discard": (("draft",), "cancelled"),
        "accept": (("signed",), "accepted"),
        "refuse": (("signed",), "refused"),
        "expire": (("signed", "accepted"), "expired"),
        "activate": (("accepted",), "activated"),
        "object": (("activated",), "accepted"),
        "confirm": (("activated",), "in_use"),
        "withdraw": (("signed", "accepted"), "cancelled"),
    }

    number = models.CharField(
        max_length=20,
        unique=True,
        help_text="20 characters, ROC year first, last one a check character",
    )
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="orders")
    vendor = models.ForeignKey(Vendor, models.PROTECT, related_name="orders")
    version = models.ForeignKey(SolutionVersion, models.PROTECT, related_name="orders")
    plan = models.ForeignKey(Plan, models.PROTECT, related_name="orders")
    grant = models.ForeignKey(
        Grant,
        models.PROTECT,
        null=True,
        related_name="orders",
        help_text="empty = all self-paid",
    )
    state = models.CharField(max_length=10, choices=State, default=State.DRAFT)
    frozen = models.JSONField(help_text="names, plan, price, exit terms as they were when ordered")
    price_twd = models.PositiveIntegerField()
    points = models.PositiveIntegerField()
    copay_twd = models.PositiveIntegerField()
    account_id = models.BigIntegerField(
        null=True, unique=True, help_text="ledger account 'claimable' of this order"
    )
    hold_id = models.BigIntegerField(null=True, help_text="the ledger's hold of its points")
    form_token = models.CharField(
        max_length=36,
        null=True,
        unique=True,
        help_text="of the page it was sent from: a double click is one order",
    )
    placed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    placed_at = models.DateTimeField()
    signed_at = models.DateTimeField(null=True)
    answer_by_date = models.DateField(null=True, help_text="vendor answers by the end of this day")
    accepted_at = models.DateTimeField(null=True)
    activate_by_date = models.DateField(null=True, help_text="else the hold is released (1-month return)")
    copay_due_date = models.DateField(null=True)
    copay_paid_at = models.DateTimeField(null=True)
    copay_reference = models.CharField(
        _("收款憑據"),
        max_length=60,
        blank=True,
        help_text="receipt or transfer number the vendor entered",
    )
    activated_at = models.DateTimeField(null=True)
    service_url = models.URLField(_("使用網址"), blank=True)
    activation_note = models.TextField(_("開通說明"), blank=True, help_text="never a password")
    confirm_by_date = models.DateField(
        null=True, help_text="the buyer is asked to accept by the end of this day"
    )
    confirmed_at = models.DateTimeField(null=True, help_text="acceptance by the buyer: points are captured")
    claimable_from = models.DateField(null=True)
    service_ends_on = models.DateField(null=True)
    frozen_by_buyer_at = models.DateTimeField(null=True, help_text='"I never ordered this": no claim is paid')

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(points__lte=models.F("price_twd"))
                & models.Q(copay_twd=models.F("price_twd") - models.F("points")),
                name="order_points_and_copay_make_the_price",
            ),
            models.CheckConstraint(
                condition=models.Q(points=0) | models.Q(grant__isnull=False),
                name="order_points_come_from_a_grant",
            ),
            models.UniqueConstraint(
                fields=["organisation", "version"],
                condition=models.Q(state__in=["draft", "signed", "accepted", "activated", "in_use"])
                & models.Q(points__gt=0),
                name="one_subsidised_order_per_version",
            ),
        ]
        indexes = [
            models.Index(fields=["organisation", "-placed_at"], name="order_of_organisation"),
            models.Index(fields=["vendor", "state"], name="order_of_vendor"),
        ]

    def __str__(self) -> str:
        return self.number


class OrderMove(MoveLog):
    """What happened to an order."""

    order = models.ForeignKey(Order, models.PROTECT, related_name="moves")


class Contract(models.Model):
    """The paper both sides signed: PDF, its digest, sealed so that any change shows."""

    order = models.OneToOneField(Order, models.PROTECT, related_name="contract")
    data = models.JSONField(default=dict, help_text="what is agreed, as it was when drawn")
    unsigned_pdf = models.BinaryField()
    sha256 = models.CharField(max_length=64, help_text="of what is agreed: what is signed")
    sealed_pdf = models.BinaryField(null=True)
    sealed_at = models.DateTimeField(null=True)
    made_at = models.DateTimeField()


class Signature(models.Model):
    """One party's signature under a contract, with all that is needed to verify it again."""

    class Party(models.TextChoices):
        BUYER = "buyer", _("企業")
        VENDOR = "vendor", _("業者")

    contract = models.ForeignKey(Contract, models.PROTECT, related_name="signatures")
    party = models.CharField(max_length=6, choices=Party)
    method = models.CharField(max_length=8)
    signed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    signed_at = models.DateTimeField()
    evidence = models.JSONField(help_text="CMS or WebAuthn data, base64")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["contract", "party"], name="each_party_signs_once")]


class UsageDay(models.Model):
    """What the vendor reported of one day of use: aggregates only."""

    order = models.ForeignKey(Order, models.PROTECT, related_name="usage_days")
    date = models.DateField()
    active_users = models.PositiveIntegerField()
    events = models.PositiveIntegerField()
    last_used_at = models.DateTimeField(null=True)
    reported_at = models.DateTimeField()
    reported_with = models.CharField(max_length=8, help_text="prefix of the API key")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["order", "date"], name="usage_once_a_day")]


class Rating(models.Model):
    """Stars and words of a verified order, and the five effects; they gate the claim."""

    order = models.OneToOneField(Order, models.PROTECT, related_name="rating")
    stars = models.PositiveSmallIntegerField()
    text = models.TextField(blank=True)
    effects = models.JSONField(default=dict, help_text="cost, revenue, input, product, staff: 0–4 each")
    still_used = models.BooleanField(default=True)
    rated_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    rated_at = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(stars__range=(1, 5)), name="rating_1_to_5")]
