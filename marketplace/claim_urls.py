"""Addresses of claims and payouts; `marketplace.urls` includes them under its own name space."""

from django.urls import path, register_converter
from django.urls.converters import StringConverter

from marketplace.views import office_claims, payouts, vendor_claims


class NumberConverter(StringConverter):
    """The number of an order, claim or batch; anything else in its place is no page."""

    regex = "[0-9A-Z-]{4,20}"


register_converter(NumberConverter, "business_number")

urlpatterns = [
    path("vendor/claims/", vendor_claims.claims, name="vendor_claims"),
    path("vendor/claims/file.<slug:fmt>", vendor_claims.claims_file, name="vendor_claims_file"),
    path("vendor/claims/new/<business_number:order_number>/", vendor_claims.submit, name="vendor_claim_new"),
    path("vendor/claims/<business_number:number>/", vendor_claims.claim, name="vendor_claim"),
    path("vendor/claims/<business_number:number>/answer/", vendor_claims.answer, name="vendor_claim_answer"),
    path("office/claims/", office_claims.queue, name="office_claims"),
    path("office/claims/<business_number:number>/", office_claims.claim, name="office_claim"),
    path(
        "office/claims/<business_number:number>/recheck/", office_claims.recheck, name="office_claim_recheck"
    ),
    path("office/claims/<business_number:number>/looked/", office_claims.looked, name="office_claim_looked"),
    path("office/orders/<business_number:number>/unfreeze/", office_claims.unfreeze, name="office_unfreeze"),
    path("office/payouts/", payouts.batches, name="payouts"),
    path("office/payouts/new/", payouts.new, name="payout_new"),
    path("office/payouts/<business_number:number>/", payouts.batch, name="payout"),
    path("office/payouts/<business_number:number>/approve/", payouts.approve, name="payout_approve"),
    path("office/payouts/<business_number:number>/discard/", payouts.discard, name="payout_discard"),
    path("office/payouts/<business_number:number>/send/", payouts.send, name="payout_send"),
    path("office/payouts/<business_number:number>/result/", payouts.result, name="payout_result"),
    path("office/payouts/<business_number:number>/file/", payouts.file, name="payout_file"),
]
