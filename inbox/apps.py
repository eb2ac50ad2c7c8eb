"""The product: requests, decisions, policy, tiers, audit, and the pages people use."""

from __future__ import annotations

from django.apps import AppConfig


class InboxConfig(AppConfig):
    name = "inbox"

    def ready(self) -> None:
        from inbox import receivers  # the gateway's signals are connected once the apps are loaded

        receivers.connect()
