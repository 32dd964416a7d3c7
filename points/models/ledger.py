"""The ledger: accounts that cannot be overdrawn, transfers that cannot be changed, digests that anyone can recompute.

Written only by the database functions in `points/migrations/sql/ledger.sql`, which `points.services.ledger` calls.
The application's role may read these tables and nothing more.
"""

from __future__ import annotations

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import F, Q
from django.db.models.expressions import RawSQL
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _


class Account(models.Model):
    """Where points are. A capped account can never give out more than came in.

    Units: points. Balances are kept only on capped accounts; treasury, paid and unclaimable are sums over transfers,
    because a row that every payment touched would make them wait for each other.
    """

    class Kind(models.TextChoices):
        TREASURY = "treasury", _("國庫")
        BUDGET = "budget", _("預算")
        GRANT = "grant", _("企業點數")
        CLAIMABLE = "claimable", _("可請款")
        IN_CLAIM = "in_claim", _("請款中")
        PAID = "paid", _("已撥款")
        UNCLAIMABLE = "unclaimable", _("不可請款")

    kind = models.CharField(max_length=12, choices=Kind)
    posted_credit = models.BigIntegerField(default=0, help_text="points that came in")
    posted_debit = models.BigIntegerField(default=0, help_text="points that went out")
    pending_debit = models.BigIntegerField(default=0, help_text="points held for orders")
    capped = models.BooleanField(help_text="whether it keeps a balance that cannot go below zero")
    bucket_of = models.BigIntegerField(
        null=True,
        help_text="a budget is several accounts, so that many grants at once need not wait for one row",
    )
    budget_source_id = models.BigIntegerField(null=True)
    grant_id = models.BigIntegerField(null=True)
    order_id = models.BigIntegerField(null=True)
    organisation_id = models.BigIntegerField(null=True)
    vendor_id = models.BigIntegerField(null=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(capped=False) | Q(posted_credit__gte=F("posted_debit") + F("pending_debit")),
                name="account_never_overdrawn",
            ),
            models.CheckConstraint(
                condition=Q(posted_credit__gte=0) & Q(posted_debit__gte=0) & Q(pending_debit__gte=0),
                name="account_counters_not_negative",
            ),
            models.CheckConstraint(
                condition=Q(capped=True) | Q(posted_credit=0, posted_debit=0, pending_debit=0),
                name="account_uncapped_keeps_no_balance",
            ),
            models.CheckConstraint(
                condition=Q(capped=True, kind__in=["budget", "grant", "claimable", "in_claim"])
                | Q(capped=False, kind__in=["treasury", "paid", "unclaimable"]),
                name="account_capped_by_kind",
            ),
            models.CheckConstraint(
                condition=Q(kind="budget", bucket_of__isnull=False)
                | (~Q(kind="budget") & Q(bucket_of__isnull=True)),
                name="account_buckets_only_of_budgets",
            ),
            models.UniqueConstraint(
                fields=["order_id", "kind"],
                name="account_once_per_order",
                condition=Q(order_id__isnull=False),
            ),
            models.UniqueConstraint(
                fields=["grant_id"],
                name="account_once_per_grant",
                condition=Q(kind="grant", grant_id__isnull=False),
            ),
            models.UniqueConstraint(
                fields=["budget_source_id", "kind"],
                name="account_once_per_budget_source",
                condition=Q(kind__in=["treasury", "paid", "unclaimable"])
                | Q(kind="budget", bucket_of=F("id")),
            ),
        ]
        indexes = [
            models.Index(fields=["bucket_of"], name="account_buckets", condition=Q(bucket_of__isnull=False)),
            models.Index(fields=["organisation_id"], name="account_organisation"),
            models.Index(fields=["vendor_id"], name="account_vendor", condition=Q(vendor_id__isnull=False)),
            models.Index(fields=["budget_source_id", "kind"], name="account_budget_source"),
        ]


class Transfer(models.Model):
    """One movement of points: what is debited is credited. Append-only.

    No foreign keys to accounts: they cost six to nine times on a busy row. The functions prove that both exist,
    accounts cannot be deleted, and `verify_ledger` looks again every night.
    """

    class Operation(models.TextChoices):
        APPROPRIATE = "appropriate", _("編列")
        GRANT = "grant", _("核發")
        HOLD = "hold", _("圈存")
        CAPTURE = "capture", _("扣抵")
        RELEASE = "release", _("釋放")
        LAPSE = "lapse", _("逾期收回")
        CLAIM = "claim", _("請款")
        RETURN = "return", _("退回請款")
        PAY = "pay", _("撥款")
        UNCLAIMABLE = "unclaimable", _("列為不可請款")
        RECLAIM = "reclaim", _("收回")
        REBALANCE = "rebalance", _("預算內調撥")

    idempotency_key = models.CharField(max_length=100, unique=True, db_collation="C")
    operation = models.CharField(max_length=12, choices=Operation)
    debit = models.BigIntegerField(help_text="account that gives")
    credit = models.BigIntegerField(help_text="account that receives")
    points = models.BigIntegerField()
    hold_id = models.BigIntegerField(null=True, help_text="the hold that a capture or release draws on")
    reason = models.CharField(max_length=30)
    cause_type = models.CharField(max_length=30)
    cause_id = models.BigIntegerField()
    event_at = models.DateTimeField(help_text="on the platform's clock")
    created_at = models.DateTimeField(db_default=Now(), help_text="real time, whatever the clock says")
    transaction_id = models.BigIntegerField(db_default=RawSQL("(pg_current_xact_id()::text::bigint)", []))

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(points__gt=0), name="transfer_moves_something"),
            models.CheckConstraint(condition=~Q(debit=F("credit")), name="transfer_between_two_accounts"),
            models.CheckConstraint(
                condition=Q(operation__in=["capture", "release"], hold_id__isnull=False)
                | (~Q(operation__in=["capture", "release"]) & Q(hold_id__isnull=True)),
                name="transfer_settles_a_hold",
            ),
        ]
        indexes = [
            models.Index(fields=["debit", "id"], name="transfer_debit"),
            models.Index(fields=["credit", "id"], name="transfer_credit"),
            BrinIndex(fields=["transaction_id"], name="transfer_transaction", autosummarize=True),
        ]


class Hold(models.Model):
    """What is left of a hold: captures and releases together can never exceed it. Its id is the id of its transfer."""

    id = models.BigIntegerField(primary_key=True)
    debit = models.BigIntegerField()
    credit = models.BigIntegerField()
    points = models.BigIntegerField()
    captured = models.BigIntegerField(default=0)
    released = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(captured__gte=0, released__gte=0, points__gte=F("captured") + F("released")),
                name="hold_never_exceeded",
            )
        ]

    @property
    def left(self) -> int:
        """Points still held."""
        return int(self.points - self.captured - self.released)


class Digest(models.Model):
    """A fingerprint over the transfers of one stretch of time and over the digest before it.

    Covers transactions `from_transaction` (inclusive) to `to_transaction` (exclusive); everything below
    `to_transaction` had ended when it was made, so no row can appear in it later.
    """

    from_transaction = models.BigIntegerField()
    to_transaction = models.BigIntegerField(unique=True)
    transfers = models.BigIntegerField()
    points = models.BigIntegerField()
    previous = models.CharField(max_length=64, blank=True)
    sha256 = models.CharField(max_length=64, unique=True)
    made_at = models.DateTimeField()

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(to_transaction__gt=F("from_transaction")), name="digest_goes_forward"
            ),
        ]
