"""A description proposed for a tool: the best template filled in, or a sentence made from its arguments.

The name, the schema and the sample are an agent's words, so nothing here is in force: an admin looks and saves.
A proposal is never harmless and never puts a floor down: those two are for people to say.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from inbox.policy.inference.effect import Guess, named_effect
from inbox.policy.naming import words_of
from inbox.policy.templates.arguments import Argument, arguments_of, cast
from inbox.policy.templates.catalogue import TEMPLATES
from inbox.policy.templates.impact import ImpactAdapter
from inbox.policy.templates.kinds import READING, ToolTemplate
from inbox.policy.words import Effect
from inbox.rendering.sentence import LONGEST_TEMPLATE

__all__ = ["Proposal", "propose"]

_ROLE: Final = re.compile(r"\{([a-z]+)(?:\|([a-z_]+)(?::([a-z]+))?)?\}")


@dataclass(frozen=True, slots=True)
class Proposal:
    """What an admin might say of a tool. `kind` is a template's id, or "" for one made from names alone.

    `because` says in sentences what it rests on; `inverse` maps that tool's arguments to paths of this one's.
    """

    kind: str
    title: str
    effect: Effect
    reversible: bool
    template: str
    presets: tuple[str, ...]
    impact: ImpactAdapter
    window: int | None
    inverse_tool: str
    inverse: Mapping[str, str] = field(default_factory=dict)
    because: tuple[str, ...] = ()


def propose(
    name: str,
    *,
    schema: Mapping[str, Any] | None = None,
    description: str = "",
    sample: Mapping[str, Any] | None = None,
) -> Proposal:
    """The best description for a tool of this name. `sample` are the arguments of one call, if there was any."""
    arguments = arguments_of(schema, sample)
    words = words_of(name)
    scored = [
        (score, template)
        for template in TEMPLATES
        if (score := _score(template, words, description, arguments)) is not None
    ]
    if not scored:
        return _generated(name, words, arguments)
    _, best = max(scored, key=lambda pair: pair[0])
    return _filled(best, name, words, arguments)


def _score(
    template: ToolTemplate, words: Sequence[str], description: str, arguments: Sequence[Argument]
) -> float | None:
    """How well a template fits, or None when it does not: by its name first, by its arguments beside."""
    reads = any(word in READING for word in words)
    if reads and not template.reads:
        return None
    played = cast(template.roles, arguments)
    if any(role not in played for role in template.needs):
        return None
    named = {*words, *(word.removesuffix("s") for word in words)}
    by_name = max((len(wanted) for wanted in template.names if wanted <= named), default=0)
    told = description[:2_000].lower()
    by_text = sum(text in told for text in template.texts)
    # Arguments alone prove nothing: half of all tools take a `name` and a `text`.
    if not by_name and not (by_text and template.needs):
        return None
    return 10 * by_name + min(by_text, 2) + len(played) / 10


def _filled(
    template: ToolTemplate, name: str, words: Sequence[str], arguments: Sequence[Argument]
) -> Proposal:
    played = cast(template.roles, arguments)
    paths = {role: argument.path for role, argument in played.items()}
    shown: set[str] = set()
    pieces = [_piece(piece, played, shown) for piece in template.sentence]
    head = pieces[0] or _title(words)
    sentence = _join([head, *pieces[1:]], [argument for argument in arguments if argument.path not in shown])
    inverse_tool, inverse = _inverse(template, name, paths)
    reads = template.effect is Effect.READ
    return Proposal(
        kind=template.id,
        title=template.title,
        effect=template.effect,
        reversible=template.reversible,
        template=sentence,
        presets=template.presets,
        impact=ImpactAdapter(
            recipients=tuple(paths[role] for role in template.recipients if role in paths),
            amount=paths.get(template.amount),
            currency=paths.get(template.currency) if template.amount in paths else None,
            minor=bool(template.amount in played and "cents" in played[template.amount].name),
            rows=tuple(paths[role] for role in template.rows if role in paths),
            scope=tuple(paths[role] for role in template.scope if role in paths),
        ),
        window=None if reads else template.window if template.reversible or inverse_tool else None,
        inverse_tool=inverse_tool,
        inverse=inverse,
        because=tuple(
            text
            for text in (
                f"By its name and arguments it is of the kind “{template.title.lower()}”",
                template.caution.removesuffix("."),
            )
            if text
        ),
    )


def _piece(piece: str, played: Mapping[str, Argument], shown: set[str]) -> str:
    """A piece of the sentence with real arguments in it; "" when nobody plays one of its roles."""
    used: list[str] = []

    def put(found: re.Match[str]) -> str:
        role, filtered, extra = found.groups()
        path = played[role].path
        used.append(path)
        if filtered == "money":
            if extra not in played:
                return f"{{{path}}}"
            used.append(played[extra].path)
            return f"{{{path}|money:{played[extra].path}}}"
        if filtered == "list" and not played[role].is_list:
            return f"{{{path}}}"
        return f"{{{path}|{filtered}}}" if filtered else f"{{{path}}}"

    if any(match.group(1) not in played for match in _ROLE.finditer(piece)):
        return ""
    text = _ROLE.sub(put, piece)
    shown.update(used)
    return text


def _join(pieces: Sequence[str], rest: Sequence[Argument]) -> str:
    """The pieces, and whatever argument is left over: a sentence that hides one is never complete."""
    text = "".join(piece for piece in pieces if piece)
    for argument in rest:
        more = f"{', ' if '{' in text else ': '}{_spoken(argument.path)} {{{argument.path}{'|list' if argument.is_list else ''}}}"
        if len(text) + len(more) > LONGEST_TEMPLATE:
            break
        text += more
    return text[:LONGEST_TEMPLATE]


def _inverse(template: ToolTemplate, name: str, paths: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    """The tool that puts it back, if the name has a word with a known opposite and its arguments are to be had."""
    for inverse in template.inverses:
        swapped = re.sub(rf"(?i)(?<![a-z]){inverse.word}(?=[^a-z]|$)", inverse.instead, name, count=1)
        if swapped == name:
            continue
        given = {argument: paths[role] for argument, role in inverse.given if role in paths}
        if len(given) == len(inverse.given):
            return swapped, given
    return "", {}


def _generated(name: str, words: Sequence[str], arguments: Sequence[Argument]) -> Proposal:
    """For a tool of no known kind: its own words and every argument."""
    named = named_effect(name)
    effect, why = {
        Guess.READ: (Effect.READ, f"Its name says “{named.verb}”, so it seems to read only"),
        Guess.WRITE: (Effect.WRITE, f"Its name says “{named.verb}”, so it seems to change something"),
        Guess.FINAL: (Effect.IRREVERSIBLE, f"Its name says “{named.verb}”, so it may act for good"),
        Guess.UNKNOWN: (
            Effect.WRITE,
            "Its name does not say what it does, so it is taken to change something",
        ),
    }[named.guess]
    return Proposal(
        kind="",
        title="Of no known kind",
        effect=effect,
        reversible=False,
        template=_join([_title(words)], arguments),
        presets=(),
        impact=ImpactAdapter(),
        window=None,
        inverse_tool="",
        because=(why, "The sentence is made from the names of its arguments"),
    )


def _title(words: Sequence[str]) -> str:
    return " ".join(words)[:80].capitalize() or "Call"


def _spoken(path: str) -> str:
    return re.sub(r"[_.-]+", " ", path).strip()
