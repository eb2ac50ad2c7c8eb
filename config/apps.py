"""The composition root as an app, so that its commands are found."""

from __future__ import annotations

from django.apps import AppConfig


class ConfigConfig(AppConfig):
    name = "config"
    verbose_name = "Placet"

    def ready(self) -> None:
        # Whoever publishes a task must do so as our configured Celery application, not Celery's default one.
        from config import celery

        celery.app.set_current()
