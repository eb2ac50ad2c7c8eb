"""`manage.py replay FILE…`: post recorded tool calls through the HTTP API as the agents that made them."""

from __future__ import annotations

import json
import queue
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from agents import services as gateway
from agents.models import Agent
from config.replay import Recorded, effects, files, recorded
from inbox.models import ApprovalRequest, RequestGroup, Team
from inbox.policy.words import Effect
from inbox.services.teams import create_team
from inbox.services.tools import ToolDescription, import_tools

RETRIES = 5


@dataclass
class Tally:
    """What became of the calls, kept by all senders under one lock."""

    passed: int = 0
    denied: int = 0
    queued: int = 0
    repeated: int = 0
    server_errors: int = 0
    refused: list[tuple[str, str]] = field(default_factory=list)
    ids: set[str] = field(default_factory=set)
    lock: threading.Lock = field(default_factory=threading.Lock)


class Command(BaseCommand):
    help = "Post recorded tool calls (JSON lines, .gz too, or folders of them) through the HTTP API and say what became of them."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
        parser.add_argument(
            "--team", default="demo", help="Slug of the team that receives them; made when it does not exist."
        )
        parser.add_argument("--concurrency", type=int, default=8, help="Calls under way at once.")
        parser.add_argument("--limit", type=int, default=0, help="Only the first N calls.")
        parser.add_argument(
            "--describe-tools",
            action="store_true",
            help="First describe the tools in the catalogue from the recorded effects, as an admin who knows them would.",
        )
        parser.add_argument("--json", action="store_true", help="Print the figures as JSON.")

    def handle(self, *args: Any, **options: Any) -> None:
        console = Console(stderr=options["json"])
        try:
            paths = files(options["files"])
        except FileNotFoundError as error:
            raise CommandError(f"No such file: {error.args[0]}") from None
        if not paths:
            raise CommandError("No *.jsonl files there.")
        calls = [call for path in paths for call in recorded(path)]
        if options["limit"]:
            calls = calls[: options["limit"]]
        team = Team.objects.filter(slug=options["team"]).first() or create_team(
            slug=options["team"], name=options["team"].replace("-", " ").title()
        )
        if options["describe_tools"]:
            import_tools(
                team=team, tools=[_described(name, effect) for name, effect in effects(paths).items()]
            )
        tokens = _tokens(team, {call.agent for call in calls if call.body is not None})
        tally = Tally()
        started = time.monotonic()
        self._send(calls, tokens, tally, options["concurrency"], console)
        seconds = time.monotonic() - started
        figures = _figures(team, calls, tally, seconds)
        if options["json"]:
            self.stdout.write(json.dumps(figures, indent=2))
        else:
            _print(console, figures)
        if tally.server_errors or figures["lost"]:
            raise CommandError(
                f"{tally.server_errors} answers were 5xx and {figures['lost']} accepted calls are not stored."
            )

    def _send(
        self, calls: list[Recorded], tokens: dict[str, str], tally: Tally, concurrency: int, console: Console
    ) -> None:
        waiting: queue.Queue[Recorded] = queue.Queue()
        for call in calls:
            waiting.put(call)
        columns = (
            TextColumn("replaying"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}/s"),
            TimeElapsedColumn(),
        )
        with Progress(*columns, console=console) as progress:
            task = progress.add_task("", total=len(calls), rate="–")
            began = time.monotonic()

            def work() -> None:
                with httpx2.Client(base_url=settings.PLACET_ORIGIN, timeout=30, trust_env=False) as client:
                    while True:
                        try:
                            call = waiting.get_nowait()
                        except queue.Empty:
                            return
                        _post(client, call, tokens, tally)
                        done = len(calls) - waiting.qsize()
                        progress.update(
                            task, advance=1, rate=f"{done / max(time.monotonic() - began, 0.001):.0f}"
                        )

            threads = [threading.Thread(target=work) for _ in range(max(1, concurrency))]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()


def _post(client: httpx2.Client, call: Recorded, tokens: dict[str, str], tally: Tally) -> None:
    if call.body is None:
        with tally.lock:
            tally.refused.append((call.place, call.reason))
        return
    headers = {"Authorization": f"Bearer {tokens[call.agent]}", "Content-Type": "application/json"}
    answer: dict[str, Any] = {}
    status, problem = 0, "no answer"
    for attempt in range(RETRIES):
        try:
            response = client.post("/api/v1/requests", content=call.body, headers=headers)
            status, answer = response.status_code, response.json()
        except (httpx2.HTTPError, ValueError) as error:
            problem = f"{type(error).__name__}: {error}"[:200]
        else:
            if status != 503:
                break
            problem = str(answer.get("detail", ""))
        # The key makes trying again safe: it is the same request or none.
        time.sleep(0.2 * 2**attempt)
    with tally.lock:
        if status in (200, 201):
            tally.ids.add(answer["id"])
            tally.repeated += status == 200
            if answer["state"] != "decided" or answer["decision"]["by"]["kind"] != "policy":
                tally.queued += 1
            elif answer["outcome"] == "approved":
                tally.passed += 1
            else:
                tally.denied += 1
        elif 400 <= status < 500:
            tally.refused.append((call.place, f"{status} {answer.get('code')}: {answer.get('detail')}"))
        else:
            tally.server_errors += 1
            tally.refused.append((call.place, f"{status or 'no answer'}: {problem}"))


def _tokens(team: Team, handles: set[str]) -> dict[str, str]:
    tokens = {}
    for handle in sorted(handles):
        agent = Agent.objects.filter(team_id=team.pk, handle=handle).first() or gateway.register_agent(
            team_id=team.pk, handle=handle, owner=None
        )
        _, tokens[handle] = gateway.issue_token(
            agent=agent, name="replay", created_by=None, lifetime=timedelta(hours=6)
        )
    return tokens


def _described(name: str, effect: Effect) -> ToolDescription:
    return ToolDescription(
        name=name, effect=effect, harmless=effect is Effect.READ, reversible=effect is Effect.WRITE
    )


def _figures(team: Team, calls: list[Recorded], tally: Tally, seconds: float) -> dict[str, Any]:
    stored = ApprovalRequest.objects.filter(team=team, pk__in=tally.ids).count()
    return {
        "calls": len(calls),
        "passed_by_policy": tally.passed,
        "denied_by_policy": tally.denied,
        "queued": tally.queued,
        "groups_waiting": RequestGroup.objects.filter(team=team, pending__gt=0).count(),
        "refused": len(tally.refused) - tally.server_errors,
        "server_errors": tally.server_errors,
        "already_known": tally.repeated,
        "stored": stored,
        "lost": len(tally.ids) - stored,
        "unanswered": len(calls) - tally.passed - tally.denied - tally.queued - len(tally.refused),
        "seconds": round(seconds, 1),
        "per_second": round(len(calls) / seconds, 1) if seconds else 0,
        "refusals": [{"place": place, "reason": reason} for place, reason in sorted(tally.refused)],
    }


def _print(console: Console, figures: dict[str, Any]) -> None:
    table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    for label, key in (
        ("Calls replayed", "calls"),
        ("Passed by policy", "passed_by_policy"),
        ("Denied by policy", "denied_by_policy"),
        ("Queued for people", "queued"),
        ("Groups waiting", "groups_waiting"),
        ("Refused (4xx)", "refused"),
        ("Server errors (5xx)", "server_errors"),
        ("Known from an earlier replay", "already_known"),
        ("Lost", "lost"),
        ("Seconds", "seconds"),
        ("Calls per second", "per_second"),
    ):
        value = figures[key]
        table.add_row(label, f"{value:,}")
    console.print(table)
    reasons = Counter(refusal["reason"] for refusal in figures["refusals"])
    for reason, count in reasons.most_common():
        console.print(f"  {count} × {reason}", markup=False, highlight=False)
    for refusal in figures["refusals"]:
        console.print(f"    {refusal['place']}", markup=False, highlight=False)
