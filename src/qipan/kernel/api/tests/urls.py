"""The test site with its API."""

from django.urls import path

from qipan.kernel.api.build import build_api
from qipan.kernel.ui.tests.urls import SITE
from qipan.kernel.ui.tests.urls import urlpatterns as pages

urlpatterns = [path("api/", build_api(SITE).urls), *pages]
