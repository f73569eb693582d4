"""The one URL configuration: health doors, then what the kernel makes from the modules."""

from django.urls import include, path
from django.views.i18n import set_language

from qipan.kernel.access import pages as access_pages
from qipan.kernel.api.build import build_api
from qipan.kernel.ui.routes import site_urls
from qipan.project import health

urlpatterns = [
    path("healthz", health.alive, name="healthz"),
    path("readyz", health.ready, name="readyz"),
    path("metrics", health.metrics, name="metrics"),
    path("language/", set_language, name="set_language"),
    path("sign-in/", access_pages.sign_in, name="sign-in"),
    path("sign-out/", access_pages.sign_out, name="sign-out"),
    path("api/", build_api().urls),
    path("", include(site_urls())),
]
