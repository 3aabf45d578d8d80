"""All settings, read once from the environment; docs/configuration.md lists them."""

from __future__ import annotations

import os
import secrets
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from dbops.engines.options import MOST_JOBS
from dbops.engines.tuning import Pool, Tuning
from stateset import theme_settings
from stateset.backup_settings import (
    read_identity_file,
    read_keep,
    read_kit_variables,
    read_locations,
    read_recipients,
    read_retention_days,
    read_signing_keys,
)
from stateset.database_settings import read_database, read_drill_database
from stateset.env import (
    env_bool,
    env_duration,
    env_int,
    env_list,
    env_networks,
    env_path,
    env_secret,
    env_str,
    generated_secret,
)
from stateset.logging_settings import read_logging
from stateset.revision import git_revision
from stateset.schedule import read_schedule
from stateset.telling_settings import read_mail, read_telling

VERSION = "0.1.0"
BASE_DIR = Path(__file__).resolve().parent.parent
ONE_SECOND = timedelta(seconds=1)

# What runs, and where

ENVIRONMENT = env_str(
    "APP__ENVIRONMENT", "development", choices=("development", "production", "test")
)
IN_PRODUCTION = ENVIRONMENT == "production"
# Set by wsgi.py, asgi.py and celery.py: only web processes have threads that
# share a pool, and only they have someone waiting for a page.
PROCESS = env_str(
    "STATESET_PROCESS", "command", choices=("command", "operation", "web", "worker")
)
WEB_PROCESSES = env_int("WEB_CONCURRENCY", 1, minimum=1)
DEBUG = env_bool("APP__DEBUG", default=False)
# An image has no .git, so whoever builds it says which commit it is.
REVISION = env_str("APP__REVISION") or git_revision(BASE_DIR)
VAR_DIR = env_path("APP__VAR_DIR", "var", root=BASE_DIR)
AUTO_MIGRATE = env_bool("APP__AUTO_MIGRATE", default=False)

SECRET_KEY = env_secret("APP__SECRET_KEY")
if not SECRET_KEY:
    if IN_PRODUCTION:
        raise ImproperlyConfigured(
            "APP__SECRET_KEY is not set: in production it must be, directly or by "
            "APP__SECRET_KEY_FILE. Make one with `openssl rand -base64 48`."
        )
    SECRET_KEY = (
        secrets.token_urlsafe(50)
        if ENVIRONMENT == "test"
        else generated_secret(VAR_DIR / "secret-key")
    )
SECRET_KEY_FALLBACKS = [
    key for key in env_secret("APP__SECRET_KEY_FALLBACKS").split(",") if key
]

# Who may reach the site, and how

ALLOWED_HOSTS = env_list(
    "APP__ALLOWED_HOSTS",
    () if IN_PRODUCTION else ("localhost", "127.0.0.1", "[::1]", ".localhost"),
)
CSRF_TRUSTED_ORIGINS = env_list("APP__CSRF_TRUSTED_ORIGINS")
BEHIND_PROXY = env_bool("APP__BEHIND_PROXY", default=False)
TRUSTED_PROXIES = env_networks("APP__TRUSTED_PROXIES")
METRICS_ALLOWED_NETWORKS = env_networks("APP__METRICS_ALLOWED_NETWORKS")
HTTPS = env_bool("APP__HTTPS", default=IN_PRODUCTION)
if BEHIND_PROXY:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_SSL_REDIRECT = HTTPS
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_HSTS_PRELOAD = HTTPS
SESSION_COOKIE_SECURE = HTTPS
CSRF_COOKIE_SECURE = HTTPS
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

# Applications

ADMIN_THEME = env_str("APP__ADMIN_THEME", "unfold", choices=("unfold", "plain"))
THEME_APPS = {
    "unfold": [
        # Without its own site: ours builds on it.
        "unfold.apps.BasicAppConfig",
        "unfold.contrib.filters",
        "unfold.contrib.forms",
        "unfold.contrib.inlines",
        "unfold.contrib.import_export",
    ],
    "plain": [],
}
INSTALLED_APPS = [
    *THEME_APPS[ADMIN_THEME],
    "stateset.accounts",
    "stateset.system",
    "inventory",
    "orders",
    "fulfillment",
    "finance",
    "returns",
    "dbops",
    "stateset.demo",
    "stateset.apps.StatesetAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "import_export",
    "django_prometheus",
]
MIDDLEWARE = [
    "stateset.system.middleware.ProbeMiddleware",
    "stateset.system.middleware.RequestMiddleware",
    "stateset.system.middleware.MaintenanceMiddleware",
    "django_prometheus.middleware.PrometheusBeforeMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "stateset.system.middleware.ActorMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "stateset.system.middleware.ContentSecurityPolicyMiddleware",
    "django_prometheus.middleware.PrometheusAfterMiddleware",
]
THEME_POLICIES = {
    # Alpine in the theme compiles expressions, and it sets styles on elements.
    "unfold": (
        "default-src 'self'; script-src 'self' 'unsafe-eval'; "
        "style-src 'self' 'unsafe-inline'; img-src 'self' data:"
    ),
    "plain": "default-src 'self'; img-src 'self' data:",
}
CONTENT_SECURITY_POLICY = (
    f"{THEME_POLICIES[ADMIN_THEME]}; object-src 'none'; base-uri 'self'; "
    "form-action 'self'; frame-ancestors 'none'"
)
CSRF_FAILURE_VIEW = "stateset.system.error_pages.stale_form"
ROOT_URLCONF = "stateset.urls"
WSGI_APPLICATION = "stateset.wsgi.application"
ASGI_APPLICATION = "stateset.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "stateset" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

# Database

DATABASE_POOL = Pool(
    min_size=env_int("APP__DATABASE_MIN_CONNECTIONS", 2),
    max_size=env_int("APP__DATABASE_MAX_CONNECTIONS", 10, minimum=1),
    acquire_timeout=env_duration(
        "APP__DATABASE_ACQUIRE_TIMEOUT", "10s", minimum=ONE_SECOND
    ).total_seconds(),
    idle_timeout=env_duration(
        "APP__DATABASE_IDLE_TIMEOUT", "10m", minimum=ONE_SECOND
    ).total_seconds(),
)
DATABASE_CONNECT_TIMEOUT = env_duration(
    "APP__DATABASE_CONNECT_TIMEOUT", "5s", minimum=ONE_SECOND
)
# For pages only: a migration or a vacuum may well take longer.
DATABASE_STATEMENT_TIMEOUT = env_duration("APP__DATABASE_STATEMENT_TIMEOUT", "30s")
DATABASE_PGBOUNCER = env_bool("APP__DATABASE_PGBOUNCER", default=False)
# A pooler by transaction mixes up its clients' statements, unless it keeps count of
# them as PgBouncer does from 1.21 on: there one asks for it.
DATABASE_PREPARE_THRESHOLD = env_int(
    "APP__DATABASE_PREPARE_THRESHOLD", 0 if DATABASE_PGBOUNCER else 5
)
DATABASES: dict[str, dict[str, Any]] = {
    "default": {
        **read_database(
            BASE_DIR,
            Tuning(
                application_name=f"stateset-{PROCESS}",
                connect_timeout=int(DATABASE_CONNECT_TIMEOUT.total_seconds()),
                statement_timeout=(
                    int(DATABASE_STATEMENT_TIMEOUT.total_seconds())
                    if PROCESS == "web"
                    else 0
                ),
                pool=DATABASE_POOL if PROCESS == "web" else None,
                is_behind_pooler=DATABASE_PGBOUNCER,
                prepare_threshold=DATABASE_PREPARE_THRESHOLD,
            ),
        ),
        # The pool keeps connections; without one, each request opens its own.
        "CONN_MAX_AGE": 0,
        "CONN_HEALTH_CHECKS": True,
    }
}
# Not one of DATABASES: nothing of the project is in it, and no command works on it.
DRILL_DATABASE = read_drill_database(
    BASE_DIR,
    Tuning(
        application_name=f"stateset-{PROCESS}",
        connect_timeout=int(DATABASE_CONNECT_TIMEOUT.total_seconds()),
    ),
    like=DATABASES["default"]["ENGINE"],
)
HEALTH_LIMIT_SECONDS = env_duration(
    "APP__HEALTH_TIMEOUT", "2s", minimum=ONE_SECOND
).total_seconds()
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Cache, tasks

REDIS_URL = env_secret("APP__REDIS_URL")
CACHES: dict[str, dict[str, Any]] = {
    "default": (
        {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": REDIS_URL,
            "KEY_PREFIX": "stateset",
        }
        if REDIS_URL
        else {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
    )
}
CELERY_BROKER_URL = REDIS_URL or "memory://"
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# Redis hands a task out again after this long: longer than the longest backup.
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 24 * 3600}
CELERY_TASK_ALWAYS_EAGER = not REDIS_URL
CELERY_TASK_IGNORE_RESULT = True
CELERY_TIMEZONE = "UTC"
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
SCHEDULE = read_schedule()

# Files

STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "stateset" / "static"]
STATIC_ROOT = env_path("APP__STATIC_ROOT", "staticfiles", root=BASE_DIR)
# In development the files are served from where they lie, as they are now.
WHITENOISE_USE_FINDERS = not IN_PRODUCTION
WHITENOISE_AUTOREFRESH = not IN_PRODUCTION
# Where pg_dump and its like are, before the PATH.
PG_BIN = [folder for folder in env_str("PG_BIN").split(os.pathsep) if folder]
BACKUP_DIR = env_path("BACKUP_DIR", "backups", root=BASE_DIR)
BACKUP_JOBS = env_int("APP__BACKUP_JOBS", 1, minimum=1, maximum=MOST_JOBS)
RETENTION_DAYS = read_retention_days()
BACKUP_KEEP = read_keep()
_LOCATIONS = read_locations(
    root=BASE_DIR, folder=BACKUP_DIR, retention_days=RETENTION_DAYS, keep=BACKUP_KEEP
)
# By the names people use: which of STORAGES it is, for how long and what it keeps.
BACKUP_LOCATIONS = _LOCATIONS.aliases
BACKUP_RETENTION_DAYS = _LOCATIONS.retention_days
BACKUP_LOCATION_KEEP = _LOCATIONS.keep
BACKUP_SIGNING_KEYS = read_signing_keys()
BACKUP_AGE_RECIPIENTS = read_recipients()
BACKUP_AGE_IDENTITY_FILE = read_identity_file(BASE_DIR)
RECOVERY_KIT_SECRETS = read_kit_variables()
RECOVERY_BUDGET = env_duration("APP__RECOVERY_BUDGET", "60m", minimum=ONE_SECOND)
STORAGES: dict[str, dict[str, Any]] = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": (
            "whitenoise.storage.CompressedManifestStaticFilesStorage"
            if IN_PRODUCTION
            else "django.contrib.staticfiles.storage.StaticFilesStorage"
        )
    },
    **_LOCATIONS.storages,
}

# Who is told when something is wrong

_MAIL, TELLING = read_mail(), read_telling()
EMAIL_HOST, EMAIL_PORT = _MAIL.host, _MAIL.port
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = _MAIL.user, _MAIL.password
EMAIL_USE_TLS, EMAIL_USE_SSL, EMAIL_TIMEOUT = _MAIL.starts_tls, _MAIL.is_tls, 10
DEFAULT_FROM_EMAIL = SERVER_EMAIL = _MAIL.sender
ADMINS = [("", address) for address in _MAIL.people]

# People

AUTH_USER_MODEL = "accounts.User"
LOGIN_URL = "admin:login"
LOGIN_REDIRECT_URL = "admin:index"
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
    "django.contrib.auth.hashers.ScryptPasswordHasher",
]
VALIDATION = "django.contrib.auth.password_validation"
AUTH_PASSWORD_VALIDATORS: list[dict[str, Any]] = [
    {
        "NAME": f"{VALIDATION}.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ("email", "name")},
    },
    {"NAME": f"{VALIDATION}.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": f"{VALIDATION}.CommonPasswordValidator"},
    {"NAME": f"{VALIDATION}.NumericPasswordValidator"},
]

CART_LIFE = env_duration("APP__CART_LIFE", "30d", minimum=ONE_SECOND)
PO_SELF_APPROVAL_LIMIT = env_int("APP__PO_SELF_APPROVAL_LIMIT", 500, minimum=0)
RETURN_AUTO_APPROVE_LIMIT = env_int("APP__RETURN_AUTO_APPROVE_LIMIT", 50, minimum=0)
RETURN_L1_LIMIT = env_int("APP__RETURN_L1_LIMIT", 500, minimum=0)
RETURN_LIFE = env_duration("APP__RETURN_LIFE", "30d", minimum=ONE_SECOND)
DEFAULT_CURRENCY = env_str("APP__DEFAULT_CURRENCY", "USD")
API_KEY_PREFIX = env_str("APP__API_KEY_PREFIX", "sk_")
API_KEY_LIFETIME = env_duration("APP__API_KEY_LIFETIME", "90d", minimum=ONE_SECOND)
REFRESH_TOKEN_LIFETIME = env_duration(
    "APP__REFRESH_TOKEN_LIFETIME", "7d", minimum=ONE_SECOND
)
PASSWORD_RESET_TIMEOUT = int(
    env_duration(
        "APP__PASSWORD_RESET_TIMEOUT", "1h", minimum=ONE_SECOND
    ).total_seconds()
)

KEEP_CARTS = env_duration("APP__KEEP_CARTS", "90d")
KEEP_SAMPLES = env_duration("APP__KEEP_SAMPLES", "30d", minimum=timedelta(days=1))
KEEP_RUNS = env_duration("APP__KEEP_RUNS", "90d", minimum=timedelta(days=8))
KEEP_TOKENS = env_duration("APP__KEEP_TOKENS", "30d")
KEEP_DELIVERED = env_duration("APP__KEEP_DELIVERED", "7d", minimum=timedelta(days=1))
KEEP_EVENTS = env_duration("APP__KEEP_EVENTS", "400d", minimum=timedelta(days=365))

# Language and time

LANGUAGE_CODE = "en-us"
# The theme names all languages there are on each page, translated, if not told.
LANGUAGES = [("en", "English")]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

# Logs

LOG_LEVEL = env_str(
    "APP__LOG_LEVEL",
    # A command says its result itself; what cron mails should be trouble.
    "WARNING" if PROCESS == "command" else "INFO",
    choices=("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"),
)
LOG_FORMAT = env_str(
    "APP__LOG_FORMAT", "json" if IN_PRODUCTION else "text", choices=("json", "text")
)
LOG_QUERIES = env_bool("APP__LOG_QUERIES", default=False)
SLOW_QUERY = env_duration(
    "APP__SLOW_QUERY",
    # A command looks at all there is, so it is slow without anybody's fault.
    "500ms" if ENVIRONMENT == "development" and PROCESS in {"web", "worker"} else "0s",
)
LOGGING = read_logging(level=LOG_LEVEL, style=LOG_FORMAT, log_queries=LOG_QUERIES)

# Admin theme

UNFOLD = theme_settings.UNFOLD

# SQLite has no place for table comments; PostgreSQL shows them.
SILENCED_SYSTEM_CHECKS = ["models.W046"]
