"""New versions of a team's policy, by admins, audited."""

from __future__ import annotations

from collections.abc import Mapping

from django.db import transaction

from inbox.errors import FieldError, Invalid
from inbox.models import Member, Policy, PolicyVersion
from inbox.policy.document import PolicyError, parse_document
from inbox.policy.document_loosening import loosens
from inbox.policy.need import Need
from inbox.policy.words import Risk
from inbox.selectors.policy import current_version, document_of, tier_ranks
from inbox.services.people import actor_of, require_admin_of
from inbox.services.teams import record
from inbox.services.versions import put_in_force, write_draft

MOST_PEOPLE = 5


def save_ladder(*, admin: Member, ladder: Mapping[Risk, Need], base: int) -> PolicyVersion:
    """Bind risk levels to a tier and a number of distinct people, as a new version on top of version `base`.

    Levels left out keep their needs: those may be more than one tier and a number. A ladder that only asks for more
    is in force; any other stays a draft, to be back-tested and enabled as every draft is (inbox.services.drafts).
    Raises NotAllowed for members who are no admins, Invalid for unknown tiers or counts, a higher risk that needs
    less than a lower one, or a `base` that is no longer in force (stale-version).
    """
    require_admin_of(admin)
    _check_counts(ladder)
    with transaction.atomic():
        # Locked before it is read: of two saves on the same base the second must see the first.
        Policy.objects.select_for_update(no_key=True).get(team=admin.team)
        version = current_version(admin.team_id)
        if version.number != base:
            raise Invalid(
                "stale-version", f"Not saved: version {version.number} came into force meanwhile. Look again."
            )
        ranks = tier_ranks(admin.team_id)
        wanted = document_of(version).model_dump(mode="json", exclude_none=True)
        wanted["ladder"] |= {risk.value: [need.model_dump()] for risk, need in ladder.items()}
        try:
            document = parse_document(wanted, ranks=ranks)
        except PolicyError as error:
            raise Invalid(
                "invalid-policy",
                "Not saved. " + " ".join(problem.message for problem in error.problems),
                errors=[FieldError(p.pointer, str(p.code), p.message) for p in error.problems],
            ) from None
        following = write_draft(version.policy, document, author=admin.user)
        facts = {"digest": following.digest, "author": admin.user.get_username()}
        if loosens(document_of(version), document, ranks):
            record(admin.team, "policy_drafted", actor_of(admin.user), {**facts, "version": str(following)})
            return following
        put_in_force(version.policy, following, person=admin.user)
        record(
            admin.team,
            "policy_changed",
            actor_of(admin.user),
            {**facts, "from": str(version), "to": str(following), "loosens": False, "alone": False},
        )
    return following


def _check_counts(ladder: Mapping[Risk, Need]) -> None:
    crowded = [risk for risk, need in ladder.items() if need.count > MOST_PEOPLE]
    if crowded:
        errors = [
            FieldError(f"/ladder/{risk}/0/count", "invalid-count", f"At most {MOST_PEOPLE} people.")
            for risk in crowded
        ]
        raise Invalid(
            "invalid-policy", f"Not saved. At most {MOST_PEOPLE} people a risk level.", errors=errors
        )
