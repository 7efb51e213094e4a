"""The one settings file. Every knob is an environment variable, listed in `.env.example`."""

from pathlib import Path
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

from dashtam.crypto import keys
from dashtam.installation import local, server_urls, values

BASE_DIR = Path(__file__).resolve().parent.parent
local.read_env_file()

env = values.Environment(
    SECRET_KEY=(str, ""),
    JWT_KEYS=(str, ""),
    ENCRYPTION_KEYS=(str, ""),
    DATABASE_URL=(str, ""),
    MIGRATION_DATABASE_URL=(str, ""),
    REDIS_URL=(str, ""),
    PLAIN_HOSTS=(list, []),
    DASHTAM_HOME=(str, ""),
    ALIVE_FILE=(str, ""),
    PORT=(int, 8000),
    PUBLIC_URL=(str, ""),
    ALLOWED_HOSTS=(list, []),
    TRUSTED_PROXIES=(list, []),
    CORS_ORIGINS=(list, []),
    ADMIN_NETWORKS=(list, []),
    REQUEST_SECONDS=(float, 30),
    DATABASE_THREADS=(int, 8),
    DATABASE_QUEUE=(int, 1_000),
    DATABASE_WAIT_SECONDS=(float, 5),
    DATABASE_STATEMENT_TIMEOUT=(int, 10_000),
    HASH_THREADS=(int, 0),
    HASH_WAIT_SECONDS=(float, 3),
    DELETION_GRACE_DAYS=(int, 7),
    SIGN_UP=(str, "closed"),
    OIDC_ISSUER=(str, ""),
    OIDC_CLIENT_ID=(str, ""),
    OIDC_CLIENT_SECRET=(str, ""),
    OIDC_NAME=(str, "single sign-on"),
    EMAIL_PROVIDER=(str, "outbox"),
    EMAIL_FROM=(str, "Dashtam <dashtam@localhost.localdomain>"),
    ADMIN_EMAILS=(list, []),
    SMTP_HOST=(str, ""),
    SMTP_PORT=(int, 0),
    SMTP_SECURITY=(str, "starttls"),
    SMTP_USERNAME=(str, ""),
    SMTP_PASSWORD=(str, ""),
    SMTP_CA_FILE=(str, ""),
    AWS_REGION=(str, ""),
    AWS_ACCESS_KEY_ID=(str, ""),
    AWS_SECRET_ACCESS_KEY=(str, ""),
    AWS_SES_ENDPOINT_URL=(str, ""),
    AWS_SES_TOPIC_ARN=(str, ""),
    AWS_SNS_ENDPOINT_URL=(str, ""),
    PRIVATE_HOSTS=(list, []),
    PROVIDER_DEADLINE_SECONDS=(float, 20),
    PROVIDER_REST_SECONDS=(int, 30),
    SYNC_INTERVAL_MINUTES=(int, 360),
    ECB_URL=(str, "https://www.ecb.europa.eu/stats/eurofxref/eurofxref-hist-90d.xml"),
    WORKER_CONCURRENCY=(int, 20),
    SYNCS_AT_ONCE=(int, 7),
    COMPUTING_PROCESSES=(int, 2),
    IMPORT_MOMENT_SECONDS=(float, 2),
    IMPORT_FOLDER=(str, ""),
    BACKUP_TO=(str, ""),
    BACKUP_RECIPIENTS=(list, []),
    BACKUP_KEEP=(int, 14),
    BACKUP_ENDPOINT_URL=(str, ""),
    BACKUP_REGION=(str, "us-east-1"),
    BACKUP_ACCESS_KEY_ID=(str, ""),
    BACKUP_SECRET_ACCESS_KEY=(str, ""),
    METRICS_NETWORKS=(list, []),
    METRICS_TOKEN=(str, ""),
    METRICS_SAMPLE_SECONDS=(float, 10),
    LOG_LEVEL=(str, "INFO"),
    LOG_FORMAT=(str, "json"),
)

HOME = local.home()
ALIVE_FILE = env("ALIVE_FILE")
SECRET_KEY = keys.secret("SECRET_KEY", env("SECRET_KEY"))
JWT_KEYS = keys.key_ring("JWT_KEYS", env("JWT_KEYS"))
ENCRYPTION_KEYS = keys.key_ring("ENCRYPTION_KEYS", env("ENCRYPTION_KEYS"))
keys.no_key_twice(SECRET_KEY, JWT_KEYS=JWT_KEYS, ENCRYPTION_KEYS=ENCRYPTION_KEYS)
DEBUG = False

# --- where we are -----------------------------------------------------------------------------------
PORT = env("PORT")
PUBLIC_URL = (env("PUBLIC_URL") or f"http://localhost:{PORT}").rstrip("/")
values.require_public_url(PUBLIC_URL)
_public = urlsplit(PUBLIC_URL)
_https = _public.scheme == "https"
ALLOWED_HOSTS = [_public.hostname or "localhost", *env("ALLOWED_HOSTS")]
if not _https:
    ALLOWED_HOSTS += ["localhost", "127.0.0.1", "[::1]"]
REQUEST_SECONDS = env("REQUEST_SECONDS")
CSRF_TRUSTED_ORIGINS = [f"{_public.scheme}://{_public.netloc}"]
TRUSTED_PROXIES = values.networks("TRUSTED_PROXIES", env("TRUSTED_PROXIES"))
CORS_ALLOWED_ORIGINS = [server_urls.require_origin("CORS_ORIGINS", each) for each in env("CORS_ORIGINS")]
CORS_URLS_REGEX = r"^/api/"
CORS_ALLOW_HEADERS = ["authorization", "content-type", "idempotency-key", "if-none-match"]
CORS_EXPOSE_HEADERS = [
    *("etag", "idempotency-replayed", "location", "ratelimit", "ratelimit-policy"),
    *("retry-after", "www-authenticate", "x-request-id"),
]
ADMIN_NETWORKS = values.networks("ADMIN_NETWORKS", env("ADMIN_NETWORKS"))
ROOT_URLCONF = "dashtam.urls"
ASGI_APPLICATION = "dashtam.asgi.application"
APPEND_SLASH = False

INSTALLED_APPS = [
    "procrastinate.contrib.django",
    "notifications",
    "accounts",
    "providers",
    "dashtam",
    "accounts.apps.DashtamAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "channels",
    "corsheaders",
    "rest_framework",
    "drf_spectacular",
]

MIDDLEWARE = [
    "dashtam.web.middleware.RequestMiddleware",
    "corsheaders.middleware.CorsMiddleware",
    "dashtam.web.middleware.TransportSecurityMiddleware",
    "accounts.entrance.middleware.CrowdMiddleware",
    "dashtam.web.middleware.SessionMiddleware",
    "dashtam.web.middleware.CsrfMiddleware",
    "dashtam.web.middleware.AuthenticationMiddleware",
    "accounts.entrance.middleware.PrincipalMiddleware",
    "dashtam.web.middleware.MessageMiddleware",
]

# --- storage ----------------------------------------------------------------------------------------
PLAIN_HOSTS = env("PLAIN_HOSTS")
for _name in ("DATABASE_URL", "MIGRATION_DATABASE_URL"):
    values.require_server(_name, env(_name), "database")
    server_urls.require_encrypted_database(_name, env(_name), plain_hosts=PLAIN_HOSTS)
values.require_server("REDIS_URL", env("REDIS_URL"), "cache")
server_urls.require_encrypted_cache("REDIS_URL", env("REDIS_URL"), plain_hosts=PLAIN_HOSTS)
_CONNECTION = {
    "connect_timeout": 5,
    # Notices a server that vanished, with data in flight and on an idle connection (ignored by sockets).
    "tcp_user_timeout": 10_000,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    # A statement that comes again is planned once per connection: half of PostgreSQL's work for a short list.
    "server_side_binding": True,
    "prepare_threshold": 2,
    "application_name": "dashtam",
}
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        **server_urls.database_settings(env("DATABASE_URL")),
        "CONN_MAX_AGE": None,
        "OPTIONS": {
            **server_urls.libpq_options(env("DATABASE_URL")),
            **_CONNECTION,
            "options": f"-c statement_timeout={env('DATABASE_STATEMENT_TIMEOUT')} -c lock_timeout=3000"
            " -c idle_in_transaction_session_timeout=15000",
        },
    }
}
# Migrations rebuild tables and indexes, which takes the time it takes. But no statement of theirs waits for a lock,
# and others behind it, much longer than a statement or an idle transaction of the application may last.
_owner = env("MIGRATION_DATABASE_URL")
# What `manage.py migrate` connects by: the role that owns the tables, if it is another than the application's.
MIGRATION_DATABASE = {
    **(server_urls.database_settings(_owner, name=DATABASES["default"]["NAME"]) if _owner else {}),
    "OPTIONS": {
        **server_urls.libpq_options(_owner or env("DATABASE_URL")),
        **_CONNECTION,
        "options": "-c statement_timeout=0 -c lock_timeout=30000",
    },
}
DATABASE_THREADS = env("DATABASE_THREADS")
DATABASE_QUEUE = env("DATABASE_QUEUE")
DATABASE_WAIT_SECONDS = env("DATABASE_WAIT_SECONDS")
DATABASE_STATEMENT_TIMEOUT = env("DATABASE_STATEMENT_TIMEOUT")
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
REDIS_URL = env("REDIS_URL")
CACHE_PREFIX = "dashtam"
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "notifications.live_layer.LiveLayer",
        "CONFIG": {
            # Its blocking read waits 5 seconds for the next event: a shorter timeout would break idle sockets.
            "hosts": [{"address": REDIS_URL, "socket_timeout": 8, "socket_connect_timeout": 0.5}],
            "prefix": "dashtam:live",
            "capacity": 10_000,  # all sockets of a process share one queue
            "expiry": 30,
        },
    }
}

# --- people -----------------------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["accounts.entrance.backend.SessionOnlyBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.BCryptSHA256PasswordHasher"]
HASH_THREADS = env("HASH_THREADS")
HASH_WAIT_SECONDS = env("HASH_WAIT_SECONDS")
COMPUTING_PROCESSES = env("COMPUTING_PROCESSES")
LOGIN_URL = "sign-in"
LOGIN_REDIRECT_URL = "dashboard"
ACCESS_TOKEN_SECONDS = 600
REFRESH_IDLE_DAYS = 14
SESSION_ABSOLUTE_DAYS = 90
REFRESH_GRACE_SECONDS = 10
REFRESH_LOST_SECONDS = 600  # as long as an access token: a client that lost our answer asks again by then
REAUTH_SECONDS = 300
DELETION_GRACE_DAYS = env("DELETION_GRACE_DAYS")
SIGN_UP = env("SIGN_UP")
if SIGN_UP not in {"open", "invitation", "closed"}:
    raise ImproperlyConfigured("SIGN_UP must be `open`, `invitation` or `closed`.")
# The provider that people may sign in through, once they have linked their accounts with it.
OIDC_ISSUER = env("OIDC_ISSUER")
OIDC_CLIENT_ID = env("OIDC_CLIENT_ID")
OIDC_CLIENT_SECRET = keys.no_placeholder("OIDC_CLIENT_SECRET", env("OIDC_CLIENT_SECRET"))
OIDC_NAME = env("OIDC_NAME")
if OIDC_ISSUER:
    server_urls.require_issuer(OIDC_ISSUER, OIDC_CLIENT_ID, plain_hosts=env("PRIVATE_HOSTS"))
ADMIN_IDLE_SECONDS = 3600
ADMIN_ABSOLUTE_SECONDS = 12 * 3600
OPERATIONS_PERMISSION = "accounts.see_operations"
LOOK_SECONDS = 900  # how long support staff see a person's numbers after giving a reason

# --- cookies and headers ----------------------------------------------------------------------------
SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"
DEVICE_COOKIE_NAME = "__Host-device" if _https else "device"
SESSION_COOKIE_NAME = "__Host-session" if _https else "session"
SESSION_COOKIE_SECURE = _https
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = SESSION_ABSOLUTE_DAYS * 86_400
CSRF_COOKIE_NAME = "__Host-csrf" if _https else "csrf"
CSRF_COOKIE_SECURE = _https
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "dashtam.web.problems.csrf_failure"
MESSAGE_STORAGE = "dashtam.web.middleware.MessageCookie"
SECURE_SSL_REDIRECT = _https
# Taken away from requests of any other peer, see `dashtam.web.visitor.distrust`.
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUSTED_PROXIES else None
SECURE_HSTS_SECONDS = 31_536_000 if _https else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = _https
SECURE_HSTS_PRELOAD = _https
# These look for Django's own class names; ours derive from them, and tests look at the headers themselves.
SILENCED_SYSTEM_CHECKS = ["security.W001", "security.W002", "security.W003"]
DATA_UPLOAD_MAX_MEMORY_SIZE = 262_144
DATA_UPLOAD_MAX_NUMBER_FIELDS = 200
DATA_UPLOAD_MAX_NUMBER_FILES = 10
MAX_BODY_BYTES = 26_214_400  # where files are taken; elsewhere DATA_UPLOAD_MAX_MEMORY_SIZE

# --- pages ------------------------------------------------------------------------------------------
LANGUAGE_CODE = "en"
USE_I18N = False
USE_TZ = True
TIME_ZONE = "UTC"
FORMAT_MODULE_PATH = "dashtam.ui.admin_formats"
STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "dashtam.web.static_files.HashedStorage"},
}
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "dashtam.web.middleware.page_context",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    }
]

# --- the API ----------------------------------------------------------------------------------------
API_AUTHENTICATION = "accounts.entrance.bearer.BearerAuthentication"
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [API_AUTHENTICATION],
    "DEFAULT_PERMISSION_CLASSES": [],
    "DEFAULT_PARSER_CLASSES": [],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_SCHEMA_CLASS": "dashtam.api.document.OperationSchema",
    "UNAUTHENTICATED_USER": None,
    "COERCE_DECIMAL_TO_STRING": True,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Dashtam",
    "DESCRIPTION": "Your accounts, balances, holdings and transactions, from all your institutions.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "ENUM_NAME_OVERRIDES": {
        "ConnectionStateEnum": "providers.models.Connection.State",
        "SyncStateEnum": "providers.models.SyncRun.State",
        "ImportStateEnum": "providers.models.FileImport.State",
        "RateSourceEnum": "providers.api.exchange_rates.SOURCES",
        "SignEnum": "providers.api.files.previews.SIGNS",
        "SignRuleEnum": "providers.api.files.previews.SIGN_RULES",
        "TransactionStatusEnum": "providers.models.Transaction.Status",
        "ColumnRoleEnum": "providers.formats.csv.words.headings.ROLES",
        "DayProofEnum": "providers.api.review.proof.STATUSES",
        "StatedStatusEnum": "providers.api.review.reviews.STATUSES",
        "FigureSourceEnum": "providers.api.serializers.SOURCES",
        "BalanceSourceEnum": "providers.api.serializers.BALANCE_SOURCES",
    },
    "SCHEMA_PATH_PREFIX": r"/api/v1",
    "COMPONENT_SPLIT_REQUEST": True,
}

# --- mail -------------------------------------------------------------------------------------------
EMAIL_PROVIDER = env("EMAIL_PROVIDER")
OUTBOX = HOME / "outbox"
DEFAULT_FROM_EMAIL = SERVER_EMAIL = env("EMAIL_FROM")
ADMINS = [("Administrator", address) for address in env("ADMIN_EMAILS")]
AWS_REGION = env("AWS_REGION")
AWS_ACCESS_KEY_ID = env("AWS_ACCESS_KEY_ID")
AWS_SECRET_ACCESS_KEY = keys.no_placeholder("AWS_SECRET_ACCESS_KEY", env("AWS_SECRET_ACCESS_KEY"))
if EMAIL_PROVIDER not in {"outbox", "smtp", "ses"}:
    raise ImproperlyConfigured("EMAIL_PROVIDER must be `outbox`, `smtp` or `ses`.")
SMTP_HOST = env("SMTP_HOST")
SMTP_SECURITY = env("SMTP_SECURITY")
SMTP_PORT = env("SMTP_PORT") or server_urls.SMTP_PORTS.get(SMTP_SECURITY, 0)
SMTP_USERNAME = env("SMTP_USERNAME")
SMTP_PASSWORD = keys.no_placeholder("SMTP_PASSWORD", env("SMTP_PASSWORD"))
SMTP_CA_FILE = env("SMTP_CA_FILE")
if EMAIL_PROVIDER == "smtp":
    server_urls.require_encrypted_mail(SMTP_HOST, SMTP_SECURITY, plain_hosts=PLAIN_HOSTS)
    if bool(SMTP_USERNAME) != bool(SMTP_PASSWORD):
        raise ImproperlyConfigured("SMTP_USERNAME and SMTP_PASSWORD belong together: set both or neither.")
if EMAIL_PROVIDER == "ses" and not (AWS_REGION and AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY):
    raise ImproperlyConfigured(
        "EMAIL_PROVIDER=ses needs AWS_REGION, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."
    )
# Names that django-ses reads, and our own transport too. Another endpoint only for tests and private networks.
USE_SES_V2 = True
AWS_SES_REGION_NAME = AWS_REGION
AWS_SES_REGION_ENDPOINT_URL = env("AWS_SES_ENDPOINT_URL") or f"https://email.{AWS_REGION}.amazonaws.com"
AWS_SES_AUTO_THROTTLE = None  # else it asks for the quota before, and sleeps between, its mails
# The topic that tells of bounces and complaints, and where its host is reached if not at its own name.
AWS_SES_TOPIC_ARN = env("AWS_SES_TOPIC_ARN")
AWS_SNS_ENDPOINT_URL = env("AWS_SNS_ENDPOINT_URL")
# Django's own, synchronous mail: error reports and whatever the admin sends.
EMAIL_BACKEND = {
    "ses": "django_ses.SESBackend",
    "smtp": "notifications.transports.smtp.DjangoBackend",
    "outbox": "django.core.mail.backends.filebased.EmailBackend",
}[EMAIL_PROVIDER]
EMAIL_FILE_PATH = OUTBOX
EMAIL_HOST, EMAIL_PORT, EMAIL_TIMEOUT = SMTP_HOST, SMTP_PORT, 20
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = SMTP_USERNAME, SMTP_PASSWORD
EMAIL_USE_TLS, EMAIL_USE_SSL = SMTP_SECURITY == "starttls", SMTP_SECURITY == "tls"

# --- providers --------------------------------------------------------------------------------------
# Each connector declares its own settings, which begin with its slug: see providers.connectors.settings.
# Hosts that Dashtam may call although they are not on the public internet, or not behind TLS.
_own = [urlsplit(url).hostname for url in (env("AWS_SES_ENDPOINT_URL"), AWS_SNS_ENDPOINT_URL, OIDC_ISSUER)]
PRIVATE_HOSTS = [*env("PRIVATE_HOSTS"), *filter(None, _own)]
PROVIDER_DEADLINE_SECONDS = env("PROVIDER_DEADLINE_SECONDS")
PROVIDER_REST_SECONDS = env("PROVIDER_REST_SECONDS")
SYNC_INTERVAL_MINUTES = env("SYNC_INTERVAL_MINUTES")
ECB_URL = env("ECB_URL")
SPOOL = HOME / "spool"  # refreshed tokens that wait for the database, sealed
IMPORT_MOMENT_SECONDS = env("IMPORT_MOMENT_SECONDS")
IMPORT_FOLDER = env("IMPORT_FOLDER")
WORKER_CONCURRENCY = env("WORKER_CONCURRENCY")
SYNCS_AT_ONCE = max(1, env("SYNCS_AT_ONCE"))
PROCRASTINATE_WORKER_DEFAULTS = {"concurrency": WORKER_CONCURRENCY}

# --- backups ----------------------------------------------------------------------------------------
BACKUP_TO = env("BACKUP_TO")
BACKUP_RECIPIENTS = env("BACKUP_RECIPIENTS")
BACKUP_KEEP = env("BACKUP_KEEP")
BACKUP_ENDPOINT_URL = env("BACKUP_ENDPOINT_URL")
BACKUP_REGION = env("BACKUP_REGION")
BACKUP_ACCESS_KEY_ID = env("BACKUP_ACCESS_KEY_ID")
BACKUP_SECRET_ACCESS_KEY = keys.no_placeholder("BACKUP_SECRET_ACCESS_KEY", env("BACKUP_SECRET_ACCESS_KEY"))

# --- measurements -----------------------------------------------------------------------------------
METRICS_FOLDER = HOME / "metrics"
METRICS_NETWORKS = values.networks("METRICS_NETWORKS", env("METRICS_NETWORKS")) or ["127.0.0.0/8", "::1/128"]
METRICS_TOKEN = keys.no_placeholder("METRICS_TOKEN", env("METRICS_TOKEN"))
METRICS_SAMPLE_SECONDS = env("METRICS_SAMPLE_SECONDS")

# --- logs -------------------------------------------------------------------------------------------
if env("LOG_LEVEL") not in {"DEBUG", "INFO", "WARNING", "ERROR"}:
    raise ImproperlyConfigured("LOG_LEVEL must be DEBUG, INFO, WARNING or ERROR.")
if env("LOG_FORMAT") not in {"json", "text"}:
    raise ImproperlyConfigured("LOG_FORMAT must be `json` or `text`.")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"own_words": {"()": "dashtam.telemetry.logs.OwnWords"}},
    "formatters": {
        "json": {"()": "dashtam.telemetry.logs.JsonLine"},
        "text": {"()": "dashtam.telemetry.logs.TextLine"},
    },
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": env("LOG_FORMAT"),
            "filters": ["own_words"],
        },
    },
    "root": {"handlers": ["console"], "level": env("LOG_LEVEL")},
    "loggers": {
        # What they say of requests, our own line for each request says better.
        "django": {"handlers": [], "level": "INFO", "propagate": True},
        "django.request": {"level": "ERROR"},
        "django.server": {"handlers": [], "propagate": True},
        "uvicorn": {"handlers": [], "propagate": True},
        "uvicorn.access": {"handlers": [], "propagate": False},
        # At INFO these print whole addresses, which may hold credentials and tickets.
        "uvicorn.error": {"level": "WARNING"},
        "httpx": {"level": "WARNING"},
        "httpcore": {"level": "WARNING"},
        "procrastinate": {"level": "WARNING"},
        "botocore": {"level": "WARNING"},
    },
}
