"""Django settings, all of them read from a handful of environment variables."""

import os
import secrets
from pathlib import Path

import django_stubs_ext
from csp.constants import NONCE, SELF
from django.utils.translation import gettext_lazy as _

from qipan.project.database import connection_settings
from qipan.project.systems import SYSTEMS

# Lets annotations such as QuerySet[Case] stand outside of quotes.
django_stubs_ext.monkeypatch()

ROOT = Path(__file__).resolve().parents[3]
QIPAN_HOME = Path(os.environ.get("QIPAN_HOME", ROOT / ".qipan" / "home"))
TESTING = os.environ.get("QIPAN_TESTING") == "1"
# Demo mode lists the demo accounts on the sign-in page; `qipan up` sets it.
DEMO = os.environ.get("QIPAN_DEMO") == "1"
DEBUG = False
COUNTY_CODE = os.environ.get("QIPAN_COUNTY", "371525")


def _secret_key() -> str:
    """One key per installation, made at the first start and kept beside the data."""
    path = QIPAN_HOME / "secret.key"
    if not path.exists():
        QIPAN_HOME.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(50))
    return path.read_text()


SECRET_KEY = _secret_key()
ALLOWED_HOSTS = os.environ.get("QIPAN_HOSTS", "127.0.0.1,localhost,[::1],testserver").split(",")
CSRF_TRUSTED_ORIGINS = [origin for origin in os.environ.get("QIPAN_ORIGINS", "").split(",") if origin]
BASE_URL = os.environ.get("QIPAN_BASE_URL", f"http://127.0.0.1:{os.environ.get('QIPAN_PORT', '8000')}")

# The gateway loads only the blocks that it stands on: it is small, and no page can slow it down.
GATEWAY_ONLY = os.environ.get("QIPAN_PROCESS") == "gateway"
GATEWAY_BLOCKS = ("orgs", "access", "files", "messages", "jobs", "lake", "maps", "sensing")
KERNEL = GATEWAY_BLOCKS if GATEWAY_ONLY else (
    "orgs", "access", "files", "messages", "jobs", "lake", "ui", "api",
    "maps", "sensing", "cases", "alerts", "indicators", "modules",
)  # fmt: skip
INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "procrastinate.contrib.django",
    "django_filters",
    "django_htmx",
    "template_partials",
    *(f"qipan.kernel.{block}" for block in KERNEL),
    *(() if GATEWAY_ONLY else SYSTEMS),
]
AUTH_USER_MODEL = "access.Account"
AUTHENTICATION_BACKENDS = ["qipan.kernel.access.backends.AccountBackend"]
PASSWORD_HASHERS = (
    ["django.contrib.auth.hashers.MD5PasswordHasher"]
    if TESTING
    else ["qipan.kernel.access.backends.Argon2id"]
)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "qipan.kernel.access.middleware.ActorMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "qipan.kernel.modules.first_set_up.FirstSetUp",
    "qipan.kernel.ui.middleware.PlainErrors",
]
ROOT_URLCONF = "qipan.project.urls"
ASGI_APPLICATION = "qipan.project.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "csp.context_processors.nonce",
                "qipan.kernel.ui.context.frame",
            ],
        },
    }
]

DATABASES = {"default": connection_settings(os.environ.get("DATABASE_URL", "postgresql:///qipan"))}
if os.environ.get("QIPAN_POOL") == "1":
    # One process serves many threads: a pool bounds its connections (asgi forbids persistent ones).
    DATABASES["default"]["OPTIONS"] = {"pool": {"min_size": 1, "max_size": 12, "timeout": 15}}

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", _("中文")), ("en", _("英文"))]
USE_TZ = True
TIME_ZONE = "Asia/Shanghai"
USE_I18N = True
# The ground floor is no app: its words are found here.
LOCALE_PATHS = [
    ROOT / "src" / "qipan" / "kernel" / "base" / "locale",
    ROOT / "src" / "qipan" / "project" / "locale",
]

STATIC_URL = "/static/"
STATIC_ROOT = QIPAN_HOME / "static"
# Made here, so that what the first set-up fetches into it is found in the same run.
(QIPAN_HOME / "assets").mkdir(parents=True, exist_ok=True)
STATICFILES_DIRS = [QIPAN_HOME / "assets"]
WHITENOISE_MAX_AGE = 86_400
WHITENOISE_USE_FINDERS = TESTING
MEDIA_ROOT = QIPAN_HOME / "files"

SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_AGE = 12 * 3600
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = BASE_URL.startswith("https://")
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
LOGIN_URL = "/sign-in/"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF, NONCE],
        "style-src": [SELF],
        # MapLibre and ECharts set style properties through the CSSOM, which this does not forbid.
        "img-src": [SELF, "data:", "blob:"],
        "worker-src": [SELF, "blob:"],
        "connect-src": [SELF],
        "font-src": [SELF, "data:"],
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        "form-action": [SELF],
        "frame-ancestors": ["'none'"],
    }
}
FILE_UPLOAD_MAX_MEMORY_SIZE = 2_621_440
DATA_UPLOAD_MAX_MEMORY_SIZE = 12 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2_000

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": os.environ.get("QIPAN_LOG", "WARNING")},
}
