"""A team's own mail and web domains: what goes there is not external to its policy. Kept by admins."""

from __future__ import annotations

from django.db import transaction

from inbox.errors import FieldError, Invalid, NotFound
from inbox.models import Member, Team
from inbox.policy.computed.addresses import covering
from inbox.policy.domains import WrongDomain, read_domain
from inbox.services.people import actor_of, admin_held
from inbox.services.teams import record

MOST_DOMAINS = 50


def typed_domain(text: str) -> str:
    """A domain as the team keeps it. Raises Invalid (invalid-domain) for what could not be a team's own."""
    try:
        return read_domain(text)
    except WrongDomain as wrong:
        raise _wrong("invalid-domain", str(wrong)) from None


def add_domain(*, admin: Member, domain: str) -> Team:
    """Count a domain and what is below it as the team's own, for what is asked from now on.

    Raises NotAllowed for who is no admin, Invalid (invalid-domain, own-already, too-many-domains).
    """
    domain = typed_domain(domain)
    with transaction.atomic():
        admin, team = _held(admin)
        known = covering(domain, team.domains)
        if known:
            raise _wrong("own-already", f"{domain} counts as yours already, as {known} does.")
        if len(team.domains) >= MOST_DOMAINS:
            raise _wrong("too-many-domains", f"A team has at most {MOST_DOMAINS} domains.")
        _keep(admin, team, sorted([*team.domains, domain]))
    return team


def remove_domain(*, admin: Member, domain: str) -> Team:
    """Count a domain as external from now on. Raises NotAllowed for who is no admin, NotFound for none of the team's."""
    with transaction.atomic():
        admin, team = _held(admin)
        if domain not in team.domains:
            raise NotFound()
        _keep(admin, team, [one for one in team.domains if one != domain])
    return team


def _held(admin: Member) -> tuple[Member, Team]:
    admin = admin_held(admin)
    return admin, Team.objects.select_for_update(no_key=True).get(pk=admin.team_id)


def _keep(admin: Member, team: Team, domains: list[str]) -> None:
    before, team.domains = team.domains, domains
    team.save(update_fields=["domains"])
    record(
        team,
        "team_changed",
        actor_of(admin.user),
        {"before": {"domains": before}, "after": {"domains": domains}},
    )


def _wrong(code: str, message: str) -> Invalid:
    return Invalid(code, message, errors=[FieldError("/domain", code, message)])
