"""The style guide; only where the platform is not in production."""

from django.urls import path

from portal.views import styleguide

urlpatterns = [path("", styleguide.guide, name="styleguide")]
