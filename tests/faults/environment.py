"""The environment of child processes that must see the test database."""

from __future__ import annotations

import os
from urllib.parse import urlencode

from django.conf import settings
from django.db import connection


def child_environment() -> dict[str, str]:
    """This process' environment with DATABASE_URL naming the test database."""
    database = connection.settings_dict
    url = f"postgresql://{database['USER']}@/{database['NAME']}?{urlencode({'host': database['HOST']})}"
    if database["PORT"]:
        url = f"postgresql://{database['USER']}:{database['PASSWORD']}@{database['HOST']}:{database['PORT']}/{database['NAME']}"
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "DATABASE_URL": url,
        "REDIS_URL": settings.REDIS_URL,
        "PLACET_SECRET_KEY": settings.SECRET_KEY,
        "PYTHONPATH": str(settings.BASE_DIR),
    }
