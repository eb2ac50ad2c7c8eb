"""`placet list`: what waits, or what was decided."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from placet.commands.command import Command
from placet.context import Context
from placet.exits import DONE, USAGE, Stop
from placet.ids import resolve_group, short
from placet.screen import Cell, Screen
from placet.shapes import GroupOut, GroupSheetOut, LaneOut, RowOut
from placet.words import ago, due, risk

VIEWS = ("turn", "waiting", "snoozed", "done", "all")
LONGEST = 10_000


def _arguments(parser: ArgumentParser) -> None:
    parser.add_argument("filters", metavar="FILTER", nargs="*", help="agent:NAME, tool:NAME or risk:LEVEL.")
    parser.add_argument(
        "--view", choices=VIEWS, default="turn", help="Which tab; turn is what waits for you."
    )
    parser.add_argument("--limit", type=int, help="At most so many a lane, instead of the first page.")
    parser.add_argument("--group", metavar="ID", help="The requests of a group that may be decided as one.")


def _run(context: Context, given: Namespace) -> int:
    if given.limit is not None and not 0 < given.limit <= LONGEST:
        raise Stop(USAGE, "bad-limit", f"--limit takes 1 to {LONGEST:,}.")
    if given.group:
        return _group(context, given.group, given.limit)
    listing = context.client.inbox(given.view, q=" ".join(given.filters))
    if given.limit is not None:
        listing = context.client.further(listing, given.limit)
        for lane in listing["lanes"]:
            lane["items"], lane["groups"] = lane["items"][: given.limit], lane["groups"][: given.limit]
    if context.json:
        context.out.json(listing)
        return DONE
    for lane in listing["lanes"]:
        _lane(context.out, lane)
    if context.out.terminal and not any(lane["items"] or lane["groups"] for lane in listing["lanes"]):
        context.out.line("Nothing here.")
    return DONE


def _lane(screen: Screen, lane: LaneOut) -> None:
    if not (lane["items"] or lane["groups"]):
        return
    count = (
        ""
        if lane["count"] is None
        else f" ({'more than 10,000' if lane['count'] > LONGEST else lane['count']})"
    )
    screen.heading(f"{lane['title']}{count}")
    screen.table([row(item) for item in lane["items"]] + [_group_row(group) for group in lane["groups"]])
    if lane["next"] and screen.terminal:
        screen.line("… more: --limit N", "dim")


def row(item: RowOut) -> list[Cell]:
    """One request as a line of six columns: risk, id, sentence, agent, who is needed or how it ended, when."""
    if item["closing"]:
        state, when, tone = item["closing"]["text"], ago(item["closing"]["at"]), item["closing"]["tone"]
    elif item["state"] == "held":
        state, tone, when = "held, can be undone", "warn", ""
    else:
        state, tone = item["needs"] + (" · you voted" if item["voted"] else ""), ""
        when = due(item["expires_at"], item["on_timeout"])
    return [
        Cell(risk(item["risk"]), item["risk"]),
        Cell(short(item["id"]), "dim"),
        Cell(item["sentence"], "", stretches=True),
        Cell(item["agent"]),
        Cell(state, tone, stretches=True),
        Cell(when, "dim"),
    ]


def _group_row(group: GroupOut) -> list[Cell]:
    only = group["only"]
    if only:
        what, state = only["sentence"], "alone"
        known, when = short(only["id"]), due(only["expires_at"], only["on_timeout"])
    else:
        what, state = f"{group['tool']} · latest: {group['latest']}", f"{group['pending']} alike"
        known, when = short(group["id"]), "--group"
    return [
        Cell(risk(group["risk"]), group["risk"]),
        Cell(known, "dim"),
        Cell(what, "", stretches=True),
        Cell(group["agent"]),
        Cell(state, "", stretches=True),
        Cell(when, "dim"),
    ]


def _group(context: Context, typed: str, limit: int | None) -> int:
    group_id = resolve_group(context.client, typed)
    sheet = context.client.group(group_id)
    while sheet["next"] and limit is not None and len(sheet["items"]) < limit:
        page = context.client.group(group_id, cursor=sheet["next"])
        sheet["items"] += page["items"]
        sheet["next"] = page["next"]
    if limit is not None:
        sheet["items"] = sheet["items"][:limit]
    if context.json:
        context.out.json(sheet)
    else:
        _sheet(context.out, sheet)
    return DONE


def _sheet(screen: Screen, sheet: GroupSheetOut) -> None:
    group = sheet["group"]
    screen.heading(
        f"{group['pending']} × {group['tool']} by {group['agent']}, {risk(group['risk']).lower()} risk"
    )
    screen.table(
        [
            [
                Cell(short(line["id"]), "dim"),
                Cell(line["sentence"], "", stretches=True),
                Cell("; ".join(line["why_odd"]), "warn", stretches=True),
                Cell(line["may_not"]),
                Cell(line["digest"] if not screen.terminal else "", "dim"),
            ]
            for line in sheet["items"]
        ]
    )
    if sheet["next"] and screen.terminal:
        screen.line("… more: --limit N", "dim")


COMMAND = Command("list", "List what waits for you, for others, or what was decided.", _arguments, _run)
