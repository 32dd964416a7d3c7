"""Pages of points: eligibility, zones, rules, an enterprise's points, budgets, proof of the ledger."""

from django.urls import path

from points.views import budgets, eligibility, ledger_proof, my_points, zones

app_name = "points"
urlpatterns = [
    path("eligibility/", eligibility.eligibility, name="eligibility"),
    path("zones/", zones.zones, name="zones"),
    path("zones/<slug:code>/", zones.zone, name="zone"),
    path("rules/", zones.rules, name="rules"),
    path("my/points/", my_points.my_points, name="my_points"),
    path("my/points/state/", my_points.application_state, name="application_state"),
    path("my/points/apply/<slug:code>/", my_points.apply, name="apply"),
    path("my/points/statement.<str:fmt>", my_points.statement_file, name="statement_file"),
    path("office/budgets/", budgets.budgets, name="budgets"),
    path("transparency/ledger/", ledger_proof.ledger_proof, name="ledger_proof"),
    path("transparency/ledger/digests.csv", ledger_proof.digests_csv, name="digests_csv"),
    path("transparency/ledger/transfers.csv", ledger_proof.transfers_csv, name="transfers_csv"),
    path("transparency/ledger/verify.py", ledger_proof.verify_program, name="verify_program"),
]
