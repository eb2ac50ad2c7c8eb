"""Signing in and out: a password, or a link that works once."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Any

from allauth.account.views import LoginView
from django.conf import settings
from django.contrib.auth import login, logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from inbox.errors import NotAllowed, NotFound
from inbox.services.sign_in_links import peek, redeem
from inbox.views.errors import refusal

BACKEND = "django.contrib.auth.backends.ModelBackend"


class SignIn(LoginView):  # type: ignore[misc] # allauth has no types
    """allauth's sign-in: rate limits and constant time are its own; the page and its words are ours."""

    template_name = "account/sign_in.html"

    def get_form(self, form_class: Any = None) -> Any:
        form = super().get_form(form_class)
        form.label_suffix = ""
        form.fields["login"].label = "Username or e-mail"
        for name in ("login", "password"):
            form.fields[name].widget.attrs["class"] = "input"
            form.fields[name].widget.attrs.pop("placeholder", None)
        return form


sign_in = SignIn.as_view()


@require_safe
def inactive(request: HttpRequest) -> HttpResponse:
    """Where allauth sends a person whose account was switched off."""
    return refusal(
        request,
        NotAllowed("inactive", "This account is switched off. An admin of your team can switch it on again."),
    )


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """Ends the session; its live sockets close within five seconds."""
    logout(request)
    return redirect("sign_in")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def single_use_link(request: HttpRequest, token: str) -> HttpResponse:
    """GET shows whose link it is and a button, so that whatever fetches links uses none up; POST signs in.

    The embedded default prints links for the demo people in a terminal, so there they work from this machine
    alone; elsewhere a link is an admin's invitation and works where the invited person is.
    """
    if settings.ENV.placet_embedded and not _from_here(request):
        return refusal(request, NotFound())
    person = redeem(token) if request.method == "POST" else peek(token)
    if person is None:
        return render(request, "account/link_spent.html", status=404)
    if request.method == "POST":
        login(request, person, backend=BACKEND)
        return redirect("home")
    return render(request, "account/link.html", {"person": person})


def _from_here(request: HttpRequest) -> bool:
    """Whether the caller is this machine. No forwarded header is believed: behind a proxy such links are off."""
    if "HTTP_X_FORWARDED_FOR" in request.META or "HTTP_FORWARDED" in request.META:
        return False
    address = request.META.get("REMOTE_ADDR", "")
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False
