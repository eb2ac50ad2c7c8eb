"""People are invited by admins: nobody signs up by themselves."""

from __future__ import annotations

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest


class ClosedAccounts(DefaultAccountAdapter):  # type: ignore[misc]  # allauth has no types
    """allauth's adapter with self-registration shut."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False
