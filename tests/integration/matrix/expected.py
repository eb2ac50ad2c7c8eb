"""The rules in one place: what each verb comes to, by the state of the request and by who tries it, on every surface."""

from __future__ import annotations

from tests.integration.matrix.roles import Role
from tests.integration.matrix.states import NO_EDITS, State
from tests.integration.matrix.verbs import SIGN_IN, Verb, kind_of

DECIDING = frozenset(
    {
        Verb.APPROVE,
        Verb.EDIT,
        Verb.REJECT,
        Verb.RESPOND,
        Verb.CHOOSE,
        Verb.PLAN,
        Verb.LINES,
        Verb.BREAK_GLASS,
    }
)
PROPOSING = frozenset({Verb.EDIT, Verb.LINES})
"""Who stands too low to decide may still say how it should be."""
TALKING = frozenset({Verb.ASK, Verb.GUIDE, Verb.REGENERATE})
CLOSED = frozenset({State.NOT_HAD, State.HAD, State.EXPIRED, State.WITHDRAWN, State.SUPERSEDED})
HELD = {State.HELD_BY_ME: Role.ME, State.HELD_BY_ANOTHER: Role.PEER}
"""By whom."""
DECIDED = frozenset({State.NOT_HAD, State.HAD})
MEMBERS = (Role.ME, Role.PEER, Role.LOW, Role.OWNER, Role.REQUESTER)
"""Who sees the request."""


def makes_sense(verb: Verb, state: State) -> bool:
    """Whether there is such a request: what cannot be edited is never edited."""
    return not (state is State.EDITED and kind_of(verb) in NO_EDITS)


def expected(verb: Verb, state: State, role: Role) -> str:
    """The code of the refusal, "" where it works."""
    if role is Role.ANONYMOUS:
        return SIGN_IN
    if role in (Role.STRANGER, Role.INACTIVE):
        return "not-found"
    if verb is Verb.UNDO:
        if state not in HELD:
            return "not-held"
        return "" if role is HELD[state] else "not-yours"
    if verb is Verb.RECALL:
        return _recall(state, role)
    if verb is Verb.COMPENSATE:
        return _compensate(state, role)
    if verb is Verb.FEEDBACK:
        if state not in DECIDED | {State.EXPIRED}:
            return "not-decided"
        return "no-tier" if role is Role.OWNER else ""
    return _over(state) or _open(verb, state, role)


def _over(state: State) -> str:
    """Why nothing can be done with it any more, whoever asks."""
    if state is State.EXPIRED:
        return "expired"
    if state in HELD:
        return "held"
    return "already-decided" if state in CLOSED else ""


def _open(verb: Verb, state: State, role: Role) -> str:
    """Of a request that waits for people or the agent."""
    voted = state is State.VOTED and role is Role.ME
    if verb in (Verb.SNOOZE, Verb.ESCALATE):
        return ""
    if verb is Verb.DELEGATE:
        return "" if role is Role.OWNER or not _barred(state, role) else "not-yours"
    if verb in TALKING:
        return "" if voted else _barred(state, role)
    if verb is Verb.CLAIM:
        return "already-voted" if voted else _barred(state, role) or _claimed(state, role)
    if voted:
        return "already-voted"
    barred = _barred(state, role)
    if barred and not (verb in PROPOSING and barred == "insufficient-tier"):
        return barred
    return _claimed(state, role) or _blocked(verb, state)


def _barred(state: State, role: Role) -> str:
    """Why this person's vote would not count."""
    if state is State.EDITED and role is Role.ME:
        return "self-approval"
    return {Role.LOW: "insufficient-tier", Role.OWNER: "no-tier", Role.REQUESTER: "self-approval"}.get(
        role, ""
    )


def _claimed(state: State, role: Role) -> str:
    return "claimed" if state is State.CLAIMED and role is not Role.PEER else ""


def _blocked(verb: Verb, state: State) -> str:
    if verb is Verb.BREAK_GLASS:
        return "" if state is State.BLOCKED else "not-blocked"
    return "blocked" if state is State.BLOCKED and verb is not Verb.REJECT else ""


def _recall(state: State, role: Role) -> str:
    if state in HELD:
        return "held"
    if state not in DECIDED:
        return "not-decided"
    if role not in (Role.ME, Role.OWNER):
        return "not-yours"
    return "already-picked-up" if state is State.HAD else ""


def _compensate(state: State, role: Role) -> str:
    if state in HELD:
        return "held"
    if state not in DECIDED:
        return "not-decided"
    if state is State.NOT_HAD:
        return "not-had"
    return "no-tier" if role is Role.OWNER else ""


def left_in(verb: Verb, state: State, role: Role) -> str:
    """The state of the request after the verb worked."""
    if verb is Verb.UNDO:
        return "pending"
    if verb in (Verb.RECALL, Verb.COMPENSATE, Verb.FEEDBACK):
        return "expired" if state is State.EXPIRED else "decided"
    if verb not in DECIDING:
        return "pending"
    if verb is Verb.REJECT:
        return "held"
    if verb is Verb.BREAK_GLASS:
        # The ladder's place and the rule's are filled by two people.
        return "pending"
    # Of two: whoever edits proposes, and one more vote on an edit leaves a place open.
    proposes = verb in PROPOSING and (role is Role.LOW or state in (State.VOTED, State.EDITED))
    return "pending" if proposes or state is State.EDITED else "held"


def as_when_waiting(verb: Verb, state: State, role: Role) -> bool:
    """Whether the state makes no difference to this role."""
    return state is not State.WAITING and expected(verb, state, role) == expected(verb, State.WAITING, role)


def same_for_all(verb: Verb, state: State, role: Role) -> bool:
    """Whether this member is refused as `Role.ME` is, and so is every other: by the state alone."""
    codes = {expected(verb, state, one) for one in MEMBERS}
    return role in MEMBERS and role is not Role.ME and len(codes) == 1 and codes != {""}
