"""Addresses of the marketplace's interfaces, under /api/v1/."""

from django.urls import path

from marketplace.api.usage import UsageView

urlpatterns = [path("usage/", UsageView.as_view(), name="api_usage")]
