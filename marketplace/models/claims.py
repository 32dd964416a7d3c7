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
        DISCARDED = "discarded", _("已取消")

    MOVES = {
        "approve": (("open",), "approved"),
        "discard": (("open",), "discarded"),
        "send": (("approved",), "sent"),
        "settle": (("sent",), "settled"),
    }

    number = models.CharField(max_length=20, unique=True)
    state = models.CharField(max_length=10, choices=State, default=State.OPEN)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    made_at = models.DateTimeField()
    approved_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    transfer_date = models.DateField(
        null=True, help_text="processing day in the file's header, set when approved"
    )
    file = models.BinaryField(null=True)
    file_sha256 = models.CharField(max_length=64, blank=True)
    receipt = models.CharField(max_length=60, blank=True)
    result_file = models.BinaryField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(approved_by=None) | ~models.Q(approved_by=models.F("made_by")),
                name="batch_needs_a_second_person",
                violation_error_message=_("編製這一批的人不能自己核可，請另一位同事核可。"),
            ),
            models.CheckConstraint(
                condition=models.Q(state__in=["open", "discarded"]) | models.Q(approved_by__isnull=False),
                name="batch_beyond_open_is_approved",
            ),
            models.CheckConstraint(
                condition=~models.Q(state__in=["sent", "settled"])
                | (models.Q(file__isnull=False) & ~models.Q(file_sha256="") & ~models.Q(receipt="")),
                name="sent_batch_has_file_and_receipt",
            ),
        ]

    def __str__(self) -> str:
        return self.number


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
        "close": (("returned",), "rejected"),
        "batch": (("approved", "failed"), "in_batch"),
        "pay": (("in_batch",), "paid"),
        "unbatch": (("in_batch",), "approved"),
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
    answer_by_date = models.DateField(
        null=True, help_text="a returned claim is answered by the end of this day"
    )
    checked_at = models.DateTimeField(null=True, help_text="moment of the newest run of the checks")
    clock_stopped_at = models.DateTimeField(null=True)
    stopped_seconds = models.PositiveIntegerField(default=0)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    paid_at = models.DateTimeField(null=True)
    risk = models.PositiveSmallIntegerField(default=0, help_text="0–100; routes, never decides")
    risk_parts = models.JSONField(default=list)
    reason = models.TextField(blank=True, help_text="what the vendor reads with a return or rejection")
    is_automatic = models.BooleanField(default=False, help_text="approved without a person")
    is_sampled = models.BooleanField(
        default=False, help_text="approved automatically and drawn for a later look"
    )
    looked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    looked_at = models.DateTimeField(null=True)

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
            models.CheckConstraint(
                condition=models.Q(approved_points=None) | models.Q(approved_points__lte=models.F("points")),
                name="claim_approves_no_more_than_asked",
            ),
            models.CheckConstraint(
                condition=models.Q(decided_by=None) | ~models.Q(decided_by=models.F("submitted_by")),
                name="claim_needs_a_second_person",
                violation_error_message=_("送件的人不能自己審查，請另一位同事決定。"),
            ),
            models.CheckConstraint(
                condition=~models.Q(state__in=["approved", "in_batch", "paid", "failed"])
                | models.Q(decided_by__isnull=False)
                | models.Q(is_automatic=True),
                name="approved_claim_has_an_approver",
            ),
            models.CheckConstraint(
                condition=~models.Q(state="paid") | models.Q(paid_at__isnull=False),
                name="paid_claim_has_a_moment",
            ),
            models.CheckConstraint(
                condition=~models.Q(state="returned")
                | (models.Q(clock_stopped_at__isnull=False) & models.Q(answer_by_date__isnull=False)),
                name="returned_claim_stops_the_clock",
            ),
        ]
        indexes = [
            models.Index(fields=["state", "submitted_at"], name="claim_queue"),
            models.Index(fields=["paid_at"], condition=models.Q(state="paid"), name="claim_paid"),
            models.Index(fields=["decided_at"], name="claim_decided"),
        ]

    def __str__(self) -> str:
        return self.number


class ClaimMove(MoveLog):
    """What happened to a claim."""

    claim = models.ForeignKey(Claim, models.PROTECT, related_name="moves")


class ClaimNote(models.Model):
    """What colleagues write to each other about a claim. The vendor never sees it."""

    claim = models.ForeignKey(Claim, models.PROTECT, related_name="notes")
    text = models.TextField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        ordering = ["at", "id"]


class ClaimAnswer(models.Model):
    """What the vendor writes when sending a returned claim again."""

    claim = models.ForeignKey(Claim, models.PROTECT, related_name="answers")
    text = models.TextField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        ordering = ["at", "id"]


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
    outcome = models.CharField(
        max_length=30, blank=True, default="", help_text="which of the rule's sentences"
    )
    facts = models.JSONField(default=dict, help_text="figures for the sentence, as they were")
    risk = models.PositiveSmallIntegerField(default=0, help_text="its part of the claim's risk")
    made_at = models.DateTimeField(help_text="runs are kept; the newest has the claim's checked_at")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["claim", "rule", "made_at"], name="claim_check_once_a_run")
        ]


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
            models.CheckConstraint(
                condition=models.Q(amount_twd__gt=0) & models.Q(tax_twd__lt=models.F("amount_twd")),
                name="invoice_amount_holds_its_tax",
            ),
        ]

    def __str__(self) -> str:
        return self.number


class Payout(models.Model):
    """One transfer to a vendor's account for one claim."""

    class State(models.TextChoices):
        WAITING = "waiting", _("等待撥款")
        PAID = "paid", _("已入帳")
        FAILED = "failed", _("匯款失敗")
        WITHDRAWN = "withdrawn", _("未送出")

    claim = models.ForeignKey(Claim, models.PROTECT, related_name="payouts")
    batch = models.ForeignKey(PayoutBatch, models.PROTECT, related_name="payouts")
    sequence = models.PositiveIntegerField(help_text="record number in the file")
    bank_account = models.ForeignKey(BankAccount, models.PROTECT, related_name="+")
    amount_twd = models.PositiveIntegerField()
    state = models.CharField(max_length=9, choices=State, default=State.WAITING)
    bank_code = models.CharField(max_length=2, blank=True, help_text="the bank's return code, 00 = paid")
    settled_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["batch", "sequence"], name="payout_sequence"),
            models.UniqueConstraint(
                fields=["claim"],
                condition=models.Q(state__in=["waiting", "paid"]),
                name="claim_is_paid_once",
            ),
        ]
