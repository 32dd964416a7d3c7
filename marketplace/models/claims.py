"""Money out: invoices, claims with their checks and clock, payout batches."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from marketplace.models.orders import Order
from organisations.models.organisation import BankAccount
from organisations.moves import MoveLog
from vendors.models.vendors import Vendor


class PayoutBatch(models.Model):
    """Payouts that go to the bank together, as one ACH file."""

    class State(models.TextChoices):
        OPEN = "open", _("編製中")
        APPROVED = "approved", _("財務已核可")
        SENT = "sent", _("已送銀行")
        SETTLED = "settled", _("銀行已回覆")

    MOVES = {
        "approve": (("open",), "approved"),
        "send": (("approved",), "sent"),
        "settle": (("sent",), "settled"),
    }

    number = models.CharField(max_length=20, unique=True)
    state = models.CharField(max_length=10, choices=State, default=State.OPEN)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    made_at = models.DateTimeField()
    approved_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    file = models.BinaryField(null=True)
    file_sha256 = models.CharField(max_length=64, blank=True)
    receipt = models.CharField(max_length=60, blank=True)
    result_file = models.BinaryField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(approved_by=None) | ~models.Q(approved_by=models.F("made_by")),
                name="batch_needs_a_second_person",
            )
        ]


class PayoutBatchMove(MoveLog):
    """What happened to a batch."""

    batch = models.ForeignKey(PayoutBatch, models.PROTECT, related_name="moves")


class Claim(models.Model):
    """A vendor asks to be paid the points of an order. Seven days on the clock; it stops while the vendor has to answer."""

    class State(models.TextChoices):
        CHECKING = "checking", _("自動檢查中")
        OFFICER = "officer", _("承辦審查中")
        RETURNED = "returned", _("退回補正")
        APPROVED = "approved", _("審查通過")
        IN_BATCH = "in_batch", _("撥款中")
        PAID = "paid", _("已撥款")
        FAILED = "failed", _("匯款失敗")
        REJECTED = "rejected", _("退件")

    MOVES = {
        "queue": (("checking",), "officer"),
        "approve": (("officer", "checking"), "approved"),
        "return": (("officer",), "returned"),
        "resubmit": (("returned",), "checking"),
        "reject": (("officer",), "rejected"),
        "batch": (("approved", "failed"), "in_batch"),
        "pay": (("in_batch",), "paid"),
        "fail": (("in_batch",), "failed"),
    }

    number = models.CharField(max_length=20, unique=True)
    order = models.ForeignKey(Order, models.PROTECT, related_name="claims")
    vendor = models.ForeignKey(Vendor, models.PROTECT, related_name="claims")
    state = models.CharField(max_length=10, choices=State, default=State.CHECKING)
    points = models.PositiveIntegerField(help_text="asked for")
    approved_points = models.PositiveIntegerField(null=True)
    account_id = models.BigIntegerField(null=True, help_text="ledger account 'in claim' of the order")
    submitted_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    submitted_at = models.DateTimeField()
    clock_stopped_at = models.DateTimeField(null=True)
    stopped_seconds = models.PositiveIntegerField(default=0)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    paid_at = models.DateTimeField(null=True)
    risk = models.PositiveSmallIntegerField(default=0, help_text="0–100; routes, never decides")
    risk_parts = models.JSONField(default=list)
    reason = models.TextField(blank=True, help_text="what the vendor reads with a return or rejection")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["order"],
                condition=~models.Q(state__in=["rejected", "paid"]),
                name="one_open_claim_per_order",
            ),
            models.CheckConstraint(
                condition=~models.Q(state__in=["approved", "in_batch", "paid"])
                | models.Q(approved_points__isnull=False),
                name="approved_claim_has_points",
            ),
        ]
        indexes = [models.Index(fields=["state", "submitted_at"], name="claim_queue")]

    def __str__(self) -> str:
        return self.number


class ClaimMove(MoveLog):
    """What happened to a claim."""

    claim = models.ForeignKey(Claim, models.PROTECT, related_name="moves")


class ClaimCheck(models.Model):
    """One registered rule applied to a claim: verdict, sentence, facts."""

    class Verdict(models.TextChoices):
        PASS = "pass", _("通過")
        WARN = "warn", _("注意")
        STOP = "stop", _("停止")

    claim = models.ForeignKey(Claim, models.CASCADE, related_name="checks")
    rule = models.CharField(max_length=40)
    rule_version = models.PositiveSmallIntegerField(default=1)
    verdict = models.CharField(max_length=4, choices=Verdict)
    facts = models.JSONField(default=dict)
    made_at = models.DateTimeField()


class Invoice(models.Model):
    """An e-invoice of the vendor to the buyer: two capitals, eight digits, two-month period named by ROC year and even month."""

    order = models.ForeignKey(Order, models.PROTECT, related_name="invoices")
    claim = models.ForeignKey(Claim, models.PROTECT, null=True, related_name="invoices")
    number = models.CharField(max_length=10)
    period = models.CharField(max_length=5, help_text="11306 = May–June 2024")
    issued_on = models.DateField()
    seller_ubn = models.CharField(max_length=8)
    buyer_ubn = models.CharField(max_length=8)
    amount_twd = models.PositiveIntegerField(help_text="tax included")
    tax_twd = models.PositiveIntegerField()
    entered_at = models.DateTimeField()
    voided_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["number", "period"],
                condition=models.Q(voided_at=None),
                name="invoice_number_used_once",
            ),
            models.CheckConstraint(
                condition=models.Q(number__regex=r"^[A-Z]{2}[0-9]{8}$"),
                name="invoice_number_form",
            ),
        ]


class Payout(models.Model):
    """One transfer to a vendor's account for one claim."""

    class State(models.TextChoices):
        WAITING = "waiting", _("等待撥款")
        PAID = "paid", _("已入帳")
        FAILED = "failed", _("匯款失敗")

    claim = models.ForeignKey(Claim, models.PROTECT, related_name="payouts")
    batch = models.ForeignKey(PayoutBatch, models.PROTECT, related_name="payouts")
    sequence = models.PositiveIntegerField(help_text="record number in the file")
    bank_account = models.ForeignKey(BankAccount, models.PROTECT, related_name="+")
    amount_twd = models.PositiveIntegerField()
    state = models.CharField(max_length=8, choices=State, default=State.WAITING)
    bank_code = models.CharField(max_length=2, blank=True, help_text="the bank's return code, 00 = paid")
    settled_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["batch", "sequence"], name="payout_sequence"),
            models.UniqueConstraint(
                fields=["claim"],
                condition=~models.Q(state="failed"),
                name="claim_is_paid_once",
            ),
        ]
