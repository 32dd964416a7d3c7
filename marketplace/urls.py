"""Addresses of the marketplace: catalogue, orders, and (from `claim_urls`) claims and payouts."""

from django.urls import path

from marketplace.claim_urls import urlpatterns as claim_patterns
from marketplace.order_urls import urlpatterns as order_patterns
from marketplace.views import catalogue

app_name = "marketplace"
urlpatterns = [
    path("solutions/", catalogue.solutions, name="solutions"),
    path("solutions/compare/", catalogue.compare, name="compare"),
    path("solutions/tray/", catalogue.change_tray, name="tray"),
    path("solutions/<str:code>/", catalogue.solution, name="solution"),
    path("solutions/<str:code>/ratings/", catalogue.ratings, name="solution_ratings"),
    *order_patterns,
    *claim_patterns,
]
