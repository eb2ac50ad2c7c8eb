"""Why a new version of a policy could let something pass, or with fewer or other people, that the old would not.

Nothing is tried out: a change counts as loosening unless it is one of those proven here to tighten. For all facts the
new verdict then is at least as strict as the old, or the same with people who would have done before. Deadlines and what silence means
are not weighed, for silence never approves.

Proven, and so without a reason:
- a step of the ladder or of escalation whose people would satisfy the old one, at the same time or sooner;
- more required context, refused rather than flagged; more people at a checkpoint; unknown tools that ask;
- a new rule that denies, and one that asks or blocks after everything it could hide: other rules that ask, block or
  deny, rules that require context, and rules that can fail (a failing rule asks for the most);
- a new rule that asks for what the agent claims, its checkpoint too, for it hides nothing;
- an allow rule that is gone, ends sooner, has more conditions, fewer environments, if it had no limits and required
  nothing, and could not fail;
- the same rule with more people, a higher risk, more required context, more or lower limits, or that denies instead,
  unless the people it asked for are then asked for nowhere: where nothing can be judged, all of them are asked.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from inbox.policy.document import CheckpointRule, PolicyDocument, check_ladder
from inbox.policy.fact_catalogue import Type, find
from inbox.policy.grounds import at_checkpoint, claimed
from inbox.policy.need import Need
from inbox.policy.requirement import covers, unfillable
from inbox.policy.rule import Limit, Rule
from inbox.policy.rules import precedence
from inbox.policy.shapes import Checkpoint
from inbox.policy.words import Risk

# What a rule matches by; `until` apart.
_MATCH: Final = (
    "tool",
    "agent",
    "checkpoint",
    "effects",
    "environments",
    "when",
    "expression",
    "window",
    "priority",
)
# Facts that may be missing, or whose rules may fail for another reason.
_MAY_BE_MISSING: Final = ("amount", "args.", "shell.", "sql.", "claims.")


def loosens(old: PolicyDocument, new: PolicyDocument, ranks: Mapping[str, int]) -> tuple[str, ...]:
    """The reasons, as sentences; nothing when the new document is proven to be at least as strict.

    `ranks` maps the team's tiers to their ranks, higher is higher.
    """
    return tuple(
        dict.fromkeys(
            (
                *_ladder(old, new, ranks),
                *_unjudged(old, new),
                *_escalation(old, new, ranks),
                *_around(old, new),
                *_rules(old, new),
            )
        )
    )


def _ladder(old: PolicyDocument, new: PolicyDocument, ranks: Mapping[str, int]) -> Iterator[str]:
    for risk in Risk:
        if not _as_strict(new.ladder[risk], old.ladder[risk], ranks):
            yield f"Requests of {risk.value} risk could be approved by fewer or other people."
    if check_ladder(new, ranks):
        yield "The ladder asks for less at a higher risk, or names a tier that does not exist."


def _unjudged(old: PolicyDocument, new: PolicyDocument) -> Iterator[str]:
    if not _contains(new.most_beside_ladder, old.most_beside_ladder):
        yield "Requests that cannot be judged could be approved by fewer or other people."


def _escalation(old: PolicyDocument, new: PolicyDocument, ranks: Mapping[str, int]) -> Iterator[str]:
    for risk in Risk:
        for step in old.steps_of(risk):
            if not any(
                one.after_seconds <= step.after_seconds and _as_strict(one.needs, step.needs, ranks)
                for one in new.steps_of(risk)
            ):
                yield f"Requests of {risk.value} risk that wait could be approved by fewer or other people."


def _around(old: PolicyDocument, new: PolicyDocument) -> Iterator[str]:
    for risk in Risk:
        if new.hold_at(risk) < old.hold_at(risk):
            yield f"Decisions at {risk.value} risk are released sooner, so there is less time to undo them."
    for pattern in sorted(set(new.release_at_once or ()) - set(old.release_at_once or ())):
        yield f"Decisions on {pattern} are released at once: they cannot be undone."
    if new.infers_unknown_tools and not old.infers_unknown_tools:
        yield "Unknown tools no longer always ask."
    kinds: set[Checkpoint] = {*(old.checkpoints or {}), *(new.checkpoints or {})}
    for kind in sorted(kinds):
        before, after = old.checkpoint(kind), new.checkpoint(kind)
        if not _requires_as_much(after, before):
            yield f"At {kind} less context is required, or it is only flagged."
        if not _contains(after.needs or (), before.needs or ()):
            yield f"At {kind} fewer or other people are asked for."


def _rules(old: PolicyDocument, new: PolicyDocument) -> Iterator[str]:
    before, after = ({rule.id: rule for rule in one.rules} for one in (old, new))
    for name in sorted(before.keys() | after.keys()):
        was, now = before.get(name), after.get(name)
        if was is None and now is not None:
            yield from _added(now, old)
        elif now is None and was is not None:
            if was.then != "allow":
                yield f"Rule {name}, which says {was.then}, is gone."
            elif _holds_back(was):
                yield f"Rule {name}, which allows with limits or conditions that can fail, is gone: what it matched may pass otherwise."
        elif was is not None and now is not None and was != now:
            yield from _changed(was, now)


def _added(rule: Rule, old: PolicyDocument) -> Iterator[str]:
    if rule.then == "allow":
        yield f"Rule {rule.id} is new and allows."
    elif rule.then != "deny" and not claimed(rule):
        hidden = [
            one.id
            for one in old.rules
            if (one.then != "allow" or _holds_back(one))
            # What allows at a checkpoint is hidden from below too.
            and (precedence(one) > precedence(rule) or (one.then == "allow" and at_checkpoint(one)))
        ]
        if hidden:
            yield f"Rule {rule.id} is new and speaks before {', '.join(sorted(hidden))}, which may ask for more."


def _changed(was: Rule, now: Rule) -> Iterator[str]:
    same_match = all(getattr(was, field) == getattr(now, field) for field in _MATCH)
    if now.then == "deny" and same_match:
        return
    if now.then != was.then:
        yield f"Rule {now.id} said {was.then} and says {now.then}."
        return
    if not _requires_as_much(now, was):
        yield f"Rule {now.id} requires less context, or only flags it."
    if was.then == "allow":
        yield from _allow_changed(was, now, same_match)
        return
    if not same_match:
        yield f"Rule {now.id}, which says {now.then}, matches something else."
    if not _contains(now.needs or (), was.needs or ()):
        yield f"Rule {now.id} asks for fewer or other people."
    if was.risk_at_least is not None and (
        now.risk_at_least is None or now.risk_at_least.rank < was.risk_at_least.rank
    ):
        yield f"Rule {now.id} judges the risk lower."


def _allow_changed(was: Rule, now: Rule, same_match: bool) -> Iterator[str]:
    if not _limits_as_much(now.limits or (), was.limits or ()):
        yield f"Rule {now.id} limits less."
    ends_sooner = was.until is None or (now.until is not None and now.until <= was.until)
    if not ends_sooner:
        yield f"Rule {now.id} allows for longer."
    elif not (same_match and was.until == now.until) and (_holds_back(was) or not _narrower(was, now)):
        yield f"Rule {now.id}, which allows, matches something else."


def _narrower(was: Rule, now: Rule) -> bool:
    """Whether all that `now` matches `was` matched too, by its place among the rules and everything it asks."""
    kept = all(
        getattr(was, field)
        in (getattr(now, field), None if field in ("checkpoint", "expression", "window") else "*")
        for field in ("tool", "agent", "checkpoint", "expression", "window")
    )
    sets = all(
        before is None or (after is not None and {*after} <= {*before})
        for before, after in ((was.effects, now.effects), (was.environments, now.environments))
    )
    conditions = was.when or ()
    return (
        kept and sets and now.priority == was.priority and (now.when or ())[: len(conditions)] == conditions
    )


def _holds_back(rule: Rule) -> bool:
    """Whether an allow rule can do more than pass what it matches: count, require, or fail, which asks for the most."""
    return bool(rule.limits or rule.require or rule.expression) or any(
        condition.op == "under"
        or (fact := find(condition.fact)) is None
        or fact.type is Type.ANY
        or fact.name.startswith(_MAY_BE_MISSING)
        for condition in rule.when or ()
        if condition.op != "exists"
    )


def _requires_as_much(now: Rule | CheckpointRule, was: Rule | CheckpointRule) -> bool:
    fewer = set(was.require or ()) - set(now.require or ())
    return not fewer and (not was.require or was.missing == "flag" or now.missing != "flag")


def _limits_as_much(now: Sequence[Limit], was: Sequence[Limit]) -> bool:
    return all(any(_limit_as_much(one, limit) for one in now) for limit in was)


def _limit_as_much(now: Limit, was: Limit) -> bool:
    same = (now.per, now.by) == (was.per, was.by)
    counts = was.count is None or (now.count is not None and now.count <= was.count)
    values = was.value is None or (
        now.value is not None and now.value <= was.value and now.currency == was.currency
    )
    return same and counts and values


def _as_strict(now: Sequence[Need], was: Sequence[Need], ranks: Mapping[str, int]) -> bool:
    # Whom nobody can be is left out by covers; what nobody could approve must stay so.
    return covers(now, was, ranks) and _contains(unfillable(now, ranks), unfillable(was, ranks))


def _contains(now: Sequence[Need], was: Sequence[Need]) -> bool:
    """Whether for each tier and group at least as many are asked for. What rules ask for is joined by these counts."""
    counts = Counter({need.who: need.count for need in now})
    return all(counts[need.who] >= need.count for need in was)
