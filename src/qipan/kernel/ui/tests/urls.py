"""Addresses of the test site."""

from django.http import HttpResponse
from django.urls import include, path

from qipan.kernel.ui.routes import site_urls
from qipan.kernel.ui.site import Site
from qipan.kernel.ui.tests.notes import Notebook

SITE = Site()
SITE.fill([Notebook()])

urlpatterns = [
    path("sign-in/", lambda request: HttpResponse("sign in"), name="sign-in"),
    path("sign-out/", lambda request: HttpResponse("signed out"), name="sign-out"),
    path("", include(site_urls(SITE))),
]
