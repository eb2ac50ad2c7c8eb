"""Pages and API calls that do not wait, as WSGI: 3 to 13 times cheaper than under ASGI (ADR 2)."""

from __future__ import annotations

import os

from django.core.wsgi import get_wsgi_application

from config.durability import require_durable_commits

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
application = get_wsgi_application()
# The live front imports this module too: neither serves on a database that could forget what it acknowledged.
require_durable_commits()
