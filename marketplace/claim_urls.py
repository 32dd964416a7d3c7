"""Addresses of claims and payouts; `marketplace.urls` includes them under its own name space."""

from django.urls import path

from marketplace.views import office_claims, payouts, vendor_claims

urlpatterns = [
    path("vendor/claims/", vendor_claims.claims, name="vendor_claims"),
    path("vendor/claims/file.<str:fmt>", vendor_claims.claims_file, name="vendor_claims_file"),
    path("vendor/claims/new/<str:order_number>/", vendor_claims.submit, name="vendor_claim_new"),
    path("vendor/claims/<str:number>/", vendor_claims.claim, name="vendor_claim"),
    path("vendor/claims/<str:number>/answer/", vendor_claims.answer, name="vendor_claim_answer"),
    path("office/claims/", office_claims.queue, name="office_claims"),
    path("office/claims/<str:number>/", office_claims.claim, name="office_claim"),
    path("office/claims/<str:number>/recheck/", office_claims.recheck, name="office_claim_recheck"),
    path("office/claims/<str:number>/looked/", office_claims.looked, name="office_claim_looked"),
    path("office/payouts/", payouts.batches, name="payouts"),
    path("office/payouts/new/", payouts.new, name="payout_new"),
    path("office/payouts/<str:number>/", payouts.batch, name="payout"),
    path("office/payouts/<str:number>/approve/", payouts.approve, name="payout_approve"),
    path("office/payouts/<str:number>/discard/", payouts.discard, name="payout_discard"),
    path("office/payouts/<str:number>/send/", payouts.send, name="payout_send"),
    path("office/payouts/<str:number>/result/", payouts.result, name="payout_result"),
    path("office/payouts/<str:number>/file/", payouts.file, name="payout_file"),
]
