"""`python -m bench.first_page`: the lanes' first page with 10,000 pending, against a running `manage.py up`.

The raw limit is one `SELECT` of as many rows of one class by the same index, over the same connection, in the same
minute: what a page would cost if nobody asked whose turn it is, in which lane, or how many there are.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import time
from collections.abc import Callable
from copy import copy
from datetime import timedelta
from typing import Any
from uuid import uuid4

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

import django

django.setup()

from django.contrib.auth.models import User  # noqa: E402
from django.db import connection  # noqa: E402
from django.utils import timezone  # noqa: E402

from agents import services as gateway  # noqa: E402
from agents.contract import Submission  # noqa: E402
from agents.ids import uuid7  # noqa: E402
from inbox.models import ApprovalRequest, Member, Team  # noqa: E402
from inbox.policy.words import Effect, Lane, Risk  # noqa: E402
from inbox.selectors import queue  # noqa: E402
from inbox.selectors.filters import parse  # noqa: E402
from inbox.selectors.turn import Turn  # noqa: E402
from inbox.services.submit import submit  # noqa: E402
from inbox.services.teams import add_member, create_team  # noqa: E402
from inbox.services.tools import ToolDescription, import_tools  # noqa: E402

RAW = """
SELECT * FROM inbox_approvalrequest
WHERE team_id = %s AND state = 'pending' AND urgency = 2 AND NOT batchable AND serve_by > now()
ORDER BY serve_by, id LIMIT 50
"""


def main() -> None:
    """Fill a new team's inbox, measure, print."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.first_page",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--pending", type=int, default=10_000)
    parser.add_argument("--times", type=int, default=50)
    options = parser.parse_args()
    if not (10 <= options.pending <= 1_000_000 and 5 <= options.times <= 1000):
        parser.error("--pending takes 10 to 1,000,000, --times 5 to 1,000")
    report(*_filled(options.pending), options.pending, options.times)


def report(team: Team, member: Member, pending: int, times: int) -> None:
    """Print the median and the slowest of each page, in milliseconds."""
    everything = parse("")

    def raw() -> None:
        with connection.cursor() as cursor:
            cursor.execute(RAW, [team.pk])
            cursor.fetchall()

    calls: dict[str, Callable[[], Any]] = {
        "raw SELECT of 50 rows": raw,
        "Needs a look, first 50": lambda: queue.lane(Turn(member), everything, Lane.LOOK),
        "all three lanes with counts": lambda: queue.front(Turn(member), everything),
    }
    print(f"{pending:,} pending, {times} times")
    for name, call in calls.items():
        call()
        took = sorted(_timed(call) for _ in range(times))
        print(f"{name:<30} p50 {statistics.median(took) * 1000:7.2f} ms   max {took[-1] * 1000:7.2f} ms")


def _filled(pending: int) -> tuple[Team, Member]:
    slug = f"bench-{uuid4().hex[:8]}"
    team = create_team(slug=slug, name="Bench")
    add_member(team=team, user=User.objects.create_user(slug), tier="lead")
    import_tools(
        team=team, tools=[ToolDescription("send_mail", Effect.IRREVERSIBLE, template="Send to {to}")]
    )
    agent = gateway.register_agent(team_id=team.pk, handle="bench", owner=None)
    action = {"key": "call_1", "name": "send_mail", "args": {"to": "a@b.example"}}
    asked = {"dedupe_key": uuid4().hex, "thread": "bench", "actions": [action]}
    first = submit(agent=agent, submission=Submission.model_validate(asked)).request
    spread(first, pending - 1)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE inbox_approvalrequest")
    return team, Member.objects.select_related("tier", "user", "team").get(team=team)


def spread(first: ApprovalRequest, size: int) -> None:
    """Rows like this one, of every risk, asked and ending over a day: to be read, not to be decided."""
    chance, now = random.Random(1), timezone.now()
    for start in range(0, size, 1000):
        copies = []
        for _ in range(min(1000, size - start)):
            one = copy(first)
            one.pk, one.dedupe_key = uuid7(), uuid4().hex
            one.risk = chance.choice([risk.value for risk in Risk])
            one.created_at = now - timedelta(seconds=chance.uniform(0, 6 * 3600))
            one.expires_at = now + timedelta(seconds=chance.uniform(60, 24 * 3600))
            copies.append(one)
        ApprovalRequest.objects.bulk_create(copies)


def _timed(call: Callable[[], Any]) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
