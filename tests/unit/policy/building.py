"""Short ways to say facts and documents, and hypothesis strategies for all of them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from hypothesis import strategies as st

from inbox import canonical
from inbox.policy.document import CLIMB, Need, PolicyDocument, Rule, default_document
from inbox.policy.facts import ActionFacts, Claims, Facts, ToolFacts
from inbox.policy.requirement import strictest
from inbox.policy.rule import Condition
from inbox.policy.seating import Voter
from inbox.policy.words import Effect, Outcome, Risk

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
TIERS = ("junior", "senior", "lead")
RANKS = {"junior": 1, "senior": 2, "lead": 3}
DEFAULT = default_document(TIERS)
STRICTNESS = {Outcome.ALLOW: 0, Outcome.REVIEW: 1, Outcome.BLOCKED: 2, Outcome.DENY: 3}

HARMLESS = ToolFacts("look_up", Effect.READ, reversible=False, harmless=True, risk_floor=None)
READ = ToolFacts("read_mail", Effect.READ, reversible=False, harmless=False, risk_floor=None)
REVERSIBLE = ToolFacts("write_file", Effect.WRITE, reversible=True, harmless=False, risk_floor=None)
WRITE = ToolFacts("set_plan", Effect.WRITE, reversible=False, harmless=False, risk_floor=None)
FINAL = ToolFacts("delete_rows", Effect.IRREVERSIBLE, reversible=False, harmless=False, risk_floor=None)


def action(
    tool: ToolFacts | None = REVERSIBLE,
    args: Mapping[str, Any] | None = None,
    *,
    name: str | None = None,
    kind: str = "tool_call",
    verifiable: bool = True,
    findings: tuple[str, ...] = (),
) -> ActionFacts:
    return ActionFacts(
        key="call_1",
        name=name or (tool.name if tool else "mystery"),
        kind=kind,
        args=args if args is not None else {},
        description="",
        tool=tool,
        verifiable=verifiable,
        findings=findings,
    )


def facts(
    *actions: ActionFacts,
    claims: Claims | None = None,
    agent: str = "clerk",
    checkpoint: str = "pre_execution",
    environment: str = "",
    now: datetime = NOW,
) -> Facts:
    return Facts(
        agent=agent,
        team="acme",
        thread="run-1",
        checkpoint=checkpoint,
        actions=actions,
        claims=claims or Claims(),
        now=now,
        environment=environment,
    )


def document(
    *rules: Mapping[str, Any], ladder: Mapping[Risk, tuple[Need, ...]] | None = None, **more: Any
) -> PolicyDocument:
    """The default document with rules, each given by its fields; `id` is made up when left out."""
    return PolicyDocument(
        format=1,
        ladder=dict(ladder or DEFAULT.ladder),
        expires_in=dict(DEFAULT.expires_in),
        rules=tuple(
            Rule.model_validate_json(canonical.dumps(_json({"id": f"rule-{place}", **rule})))
            for place, rule in enumerate(rules)
        ),
        **more,
    )


def _json(rule: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key: [one.model_dump(exclude_none=True) if isinstance(one, Need) else one for one in value]
        if isinstance(value, tuple)
        else value
        for key, value in rule.items()
    }


# None reads claims: what claims may do in rules has its own tests.
some_conditions = st.sampled_from(
    [
        Condition(fact="tool.known", op="eq", value=True),
        Condition(fact="recipients", op="gt", value=100),
        Condition(fact="args.path", op="exists"),
        Condition(fact="args.amount", op="lt", value=50),
        Condition(fact="now.hour", op="ge", value=12),
    ]
)
names = st.sampled_from(["look_up", "write_file", "delete_rows", "mystery", "read_mail", "pay"])
tools = st.builds(
    ToolFacts,
    name=names,
    effect=st.sampled_from(Effect),
    reversible=st.booleans(),
    harmless=st.booleans(),
    risk_floor=st.none() | st.sampled_from(Risk),
)
keys = st.sampled_from(
    [
        "to",
        "recipients",
        "user_ids",
        "count",
        "amount",
        "price_cents",
        "api_key",
        "path",
        "items",
        "rows",
        "note",
    ]
) | st.text(max_size=5)
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(["a@b.example", "$1,200.00", "x" * 50, "", "AKIA" + "A" * 16])
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=12,
)
wide = st.sampled_from([101, 1_001]).map(lambda n: {"recipients": [f"p{i}" for i in range(n)]})
arguments = st.dictionaries(keys, values, max_size=5) | wide
actions = st.builds(
    ActionFacts,
    key=st.just("k"),
    name=names,
    kind=st.sampled_from(["tool_call", "tool_call", "tool_call", "review"]),
    args=arguments,
    description=st.just(""),
    tool=st.none() | tools,
    verifiable=st.booleans() | st.just(True),
    findings=st.just(()) | st.just(("It holds an odd space.",)),
)
claims = st.builds(
    Claims,
    risk=st.none() | st.sampled_from(Risk),
    urgency=st.none() | st.sampled_from(["low", "urgent"]),
    confidence=st.none() | st.floats(0, 1),
    cost_usd=st.none() | st.floats(0, 1e6),
    duration_s=st.none() | st.floats(0, 1e6),
)
# Wild alone almost never passes or batches, and a property about what passes would hold of nothing.
calm_actions = st.builds(
    action,
    st.sampled_from([HARMLESS, HARMLESS, READ, REVERSIBLE, WRITE, None]),
    st.dictionaries(st.sampled_from(["path", "note"]), st.text(max_size=8), max_size=2),
)


def facts_of(
    some_actions: st.SearchStrategy[ActionFacts], claimed: st.SearchStrategy[Claims]
) -> st.SearchStrategy[Facts]:
    return st.builds(
        Facts,
        agent=st.sampled_from(["clerk", "writer"]),
        team=st.just("acme"),
        thread=st.just("run-1"),
        checkpoint=st.sampled_from(["pre_execution", "pre_commit"]),
        actions=st.lists(some_actions, min_size=1, max_size=3).map(tuple),
        claims=claimed,
        now=st.just(NOW),
    )


several_facts = st.one_of(
    facts_of(calm_actions, st.just(Claims())),
    facts_of(calm_actions, claims),
    facts_of(actions | calm_actions, claims),
)


@st.composite
def needs(draw: st.DrawFn, tiers: tuple[str, ...] = TIERS) -> tuple[Need, ...]:
    chosen = draw(st.lists(st.sampled_from(tiers), min_size=1, max_size=3, unique=True))
    return tuple(Need(tier=tier, count=draw(st.integers(1, 3))) for tier in chosen)


GROUPS = ("finance", "security")


@st.composite
def grouped_needs(draw: st.DrawFn) -> tuple[Need, ...]:
    """Needs of tiers, of groups and of both, at most five people."""
    whos = st.tuples(st.none() | st.sampled_from(TIERS), st.none() | st.sampled_from(GROUPS)).filter(any)
    chosen = draw(st.lists(whos, min_size=1, max_size=3, unique=True))
    return tuple(Need(tier=tier, group=group, count=draw(st.integers(1, 2))) for tier, group in chosen)


voters = st.builds(
    Voter, rank=st.none() | st.integers(1, 3), groups=st.frozensets(st.sampled_from(GROUPS), max_size=2)
)


@st.composite
def rules(draw: st.DrawFn, ident: str, then: tuple[str, ...]) -> Rule:
    effect = draw(st.sampled_from(then))
    review = effect == "review"
    checkpoint = draw(st.sampled_from([None, None, "pre_execution", "pre_commit"]))
    named = ["write_*", "mystery", "look_up", "?elete_rows"]
    return Rule(
        id=ident,
        priority=draw(st.integers(-2, 2)),
        # Nothing may pass for its checkpoint alone.
        tool=draw(st.sampled_from(named if effect == "allow" and checkpoint else ["*", "*", *named])),
        agent=draw(st.sampled_from(["*", "clerk", "w*"])),
        checkpoint=checkpoint,
        effects=draw(
            st.none() | st.lists(st.sampled_from(Effect), min_size=1, max_size=3, unique=True).map(tuple)
        ),
        then=effect,  # type: ignore[arg-type]
        risk_at_least=draw(st.none() | st.sampled_from([Risk.LOW, Risk.MEDIUM, Risk.HIGH, Risk.CRITICAL]))
        if review
        else None,
        note=draw(st.none() | st.just("Look at the recipient.")),
        needs=draw(st.none() | needs()) if review else None,
        when=draw(st.none() | st.lists(some_conditions, min_size=1, max_size=2).map(tuple)),
        environments=draw(st.none() | st.just(("production",))),
    )


@st.composite
def documents(draw: st.DrawFn, then: tuple[str, ...] = ("allow", "review", "deny")) -> PolicyDocument:
    """Any document a save would accept: the ladder never falls."""
    climbing: dict[Risk, tuple[Need, ...]] = {}
    reached: tuple[Need, ...] = draw(needs())
    for risk in CLIMB:
        reached = strictest(reached, draw(st.just(reached) | needs()), RANKS)
        climbing[risk] = reached
    return PolicyDocument(
        format=1,
        ladder=climbing,
        expires_in={risk: draw(st.integers(1, 86_400)) for risk in Risk},
        rules=tuple(draw(rules(f"rule-{place}", then)) for place in range(draw(st.integers(0, 4)))),
    )
