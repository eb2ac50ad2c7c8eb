"""Django's settings, one file, fed by config/env.py."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from config import env as environment

# The checkpointer's msgpack may otherwise import and call what a checkpoint row names (CVE-2026-28277).
os.environ.setdefault("LANGGRAPH_STRICT_MSGPACK", "true")

ENV = environment.load()
BASE_DIR = Path(__file__).resolve().parent.parent
DEBUG = ENV.placet_debug
SECRET_KEY = environment.secret_key(ENV) or "unset"

_origin = urlsplit(ENV.placet_base_url)
PLACET_ORIGIN = f"{_origin.scheme}://{_origin.netloc}"
_hosts = {host.strip() for host in ENV.placet_allowed_hosts.split(",") if host.strip()}
ALLOWED_HOSTS = sorted(
    _hosts
    | {_origin.hostname or "127.0.0.1"}
    | ({"127.0.0.1", "localhost"} if ENV.placet_embedded else set())
)
CSRF_TRUSTED_ORIGINS = [PLACET_ORIGIN]

INSTALLED_APPS = [
    "config",
    "inbox",
    "agents",
    "agents.demos",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.contrib.postgres",
    "django_cotton.apps.SimpleAppConfig",
    "template_partials.apps.SimpleAppConfig",
    "django_htmx",
    "lucide",
    "allauth",
    "allauth.account",
    "pgtrigger",
    "channels",
    "csp",
]

MIDDLEWARE = [
    "config.middleware.RequestIdMiddleware",
    "config.middleware.ApiErrorsMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
ASGI_APPLICATION = "config.asgi.application"

_loaders: list[Any] = [
    "django_cotton.cotton_loader.Loader",
    "django.template.loaders.filesystem.Loader",
    "django.template.loaders.app_directories.Loader",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            "loaders": [
                (
                    "template_partials.loader.Loader",
                    _loaders if DEBUG else [("django.template.loaders.cached.Loader", _loaders)],
                )
            ],
            "builtins": [
                "template_partials.templatetags.partials",
                "django_cotton.templatetags.cotton",
                "lucide.templatetags.lucide",
            ],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "inbox.views.context.frame",
            ],
        },
    }
]

DATABASES: dict[str, dict[str, Any]] = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        **environment.database(ENV.database_url or "postgresql://placet@/placet?host=/nonexistent"),
        # Persistent connections leak one per request thread under ASGI; the pool replaces them.
        "CONN_MAX_AGE": 0,
        "OPTIONS": {
            "pool": {"min_size": 1, "max_size": ENV.placet_pool_size, "timeout": 10},
            "application_name": "placet",
        },
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
# django-pgtrigger would otherwise install triggers after every migrate; they live in migrations.
PGTRIGGER_INSTALL_ON_MIGRATE = False

REDIS_URL = ENV.redis_url or "unix:///nonexistent/valkey.sock?db=0"
# A hint must never hold a decision back: a frozen broker answers no one, so sockets time out (1 s).
BROKER_SOCKET_TIMEOUT = 1.0
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [{"address": REDIS_URL, "socket_connect_timeout": 1}], "prefix": "placet"},
    }
}
# Only login limits are cached. A table, so that every web process counts the same and no broker is needed. Who looks
# at what is kept for seconds and must not push those out: it has a place of its own, which may be out of reach.
CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "placet_cache"},
    "looking": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "placet.looking",
        "OPTIONS": {"socket_timeout": BROKER_SOCKET_TIMEOUT},
    },
}

CELERY_BROKER_URL = environment.celery_broker(REDIS_URL)

PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "/sign-in"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_LOGOUT_REDIRECT_URL = "/sign-in"
ACCOUNT_ADAPTER = "config.accounts.ClosedAccounts"
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_RATE_LIMITS = {"login_failed": "10/m/ip,5/5m/key"}
SITE_ID = None

SESSION_COOKIE_AGE = 12 * 3600
SESSION_SAVE_EVERY_REQUEST = False
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_USE_SESSIONS = False
CSRF_FAILURE_VIEW = "inbox.views.errors.csrf_failure"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
if _origin.scheme == "https":
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True
    SESSION_COOKIE_NAME = "__Host-session"
    CSRF_COOKIE_NAME = "__Host-csrf"
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_HSTS_SECONDS = 365 * 24 * 3600

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'"],
        "font-src": ["'self'"],
        "connect-src": ["'self'", PLACET_ORIGIN.replace("http", "ws", 1)],
        "form-action": ["'self'"],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
        "object-src": ["'none'"],
    }
}

# The front (config/asgi.py, and the proxy's rule) caps bytes before Django spools anything.
DATA_UPLOAD_MAX_MEMORY_SIZE = 16 * ENV.placet_body_limit
DATA_UPLOAD_MAX_NUMBER_FIELDS = 5_000

STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "staticroot"
STATICFILES_DIRS = [BASE_DIR / "static" / "dist"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}

USE_TZ = True
TIME_ZONE = "UTC"
USE_I18N = False
LANGUAGE_CODE = "en"

LOGGING_CONFIG = "config.logging.configure"
LOGGING = {"level": ENV.placet_log_level}
