"""The Celery application. Tasks carry one id and re-read everything: the broker holds hints, never truth."""

from __future__ import annotations

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

from django.conf import settings

app = Celery("placet")
app.conf.update(
    broker_url=settings.CELERY_BROKER_URL,
    task_ignore_result=True,
    accept_content=["json"],
    task_serializer="json",
    task_acks_late=True,
    # Without this an OOM-killed child acknowledges its task; with it, attempts are bounded by the row, not the queue.
    task_reject_on_worker_lost=True,
    worker_prefetch_multiplier=1,
    worker_hijack_root_logger=False,
    worker_redirect_stdouts=False,
    worker_soft_shutdown_timeout=10,
    broker_connection_retry_on_startup=True,
    broker_transport_options={
        # Redelivery of a message whose worker died. Short, because tasks are short and the rows have leases anyway.
        "visibility_timeout": 60,
        "socket_timeout": settings.BROKER_SOCKET_TIMEOUT,
        "socket_connect_timeout": settings.BROKER_SOCKET_TIMEOUT,
    },
    task_publish_retry=False,
    beat_schedule={
        "sweep": {
            "task": "inbox.sweep",
            "schedule": settings.ENV.placet_sweep_seconds,
            "options": {"expires": settings.ENV.placet_sweep_seconds},
        },
    },
)
app.autodiscover_tasks(["agents", "inbox"])
