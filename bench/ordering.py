"""`python -m bench.ordering FOLDER`: the inbox's order beside four textbook ones, in a simulated day.

FOLDER holds `simulate.py`, a seeded discrete-event simulator (`pool`, `make_items`, `run`, `measure`, `POL`), and
the traces it draws from. The order simulated is the product's own: `inbox.policy.priority.key`, nothing restated.
`--curve` shows what each minute of patience buys. Standard library and the pure core only: needs no database.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import json
import random
import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from inbox.policy.priority import MINUTE, WEIGHTS, Place, Schedule, Urgency, Weight, key, place, schedule

Key = Callable[[float, float, str, float], Any]

SCENARIOS: Final = (
    (2, 0.7, "aligned"),
    (2, 0.9, "aligned"),
    (2, 1.1, "aligned"),
    (5, 0.9, "aligned"),
    (2, 0.9, "independent"),
    (2, 1.1, "independent"),
)
BESIDE: Final = {
    "FIFO": "FIFO",
    "EDF": "EDF",
    "c-mu": "c-mu (cost/mean service)",
    "c-mu+bump": "c-mu + miss-cost when slack < 10 min",
}
# Where targets are set: the most of all that may pass its deadline. Cost and long waits are held against c-mu's.
BREACHES: Final = {(2, 0.9, "independent"): 0.05, (2, 1.1, "independent"): 0.12}
DEARER: Final = 1.05
# What `--curve` tries as the patience of the class `high`, in minutes.
PATIENCES: Final = (30, 60, 90, 120, 150, 170, 180, 210, 240, 480)


def product(now: float, arrival: float, urgency: str, minutes: float) -> Place:
    """The product's key in the simulator's units: seconds, and the deadline in minutes after arrival."""
    return key(now, arrival, urgency, arrival + minutes * MINUTE)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.ordering",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seeds", type=int, default=20, help="days to simulate for each scenario")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--json", action="store_true", help="the same figures as JSON")
    parser.add_argument(
        "--curve", action="store_true", help="cost and breaches over the patience of the class high"
    )
    options = parser.parse_args(arguments)
    if not 0 < options.seeds <= 1000 or options.first < 0:
        parser.error("--seeds takes 1 to 1000, --first 0 or more")
    simulator = load(options.folder)
    if simulator is None:
        print(f"Skipped: there is no simulate.py in {options.folder}.")
        return
    seeds = range(options.first, options.first + options.seeds)
    with contextlib.chdir(options.folder):
        sessions = simulator.pool()
        if options.curve:
            report = curve(simulator, sessions, seeds)
        else:
            report = [scenario(simulator, sessions, seeds, *found) for found in SCENARIOS]
    if options.json:
        print(json.dumps(report, indent=1))
    elif options.curve:
        _print_curve(report)
    else:
        for found in report:
            _print_scenario(found)


def load(folder: Path) -> ModuleType | None:
    """The simulator of that folder; None when there is none."""
    path = folder / "simulate.py"
    if not path.is_file():
        return None
    spec = importlib.util.spec_from_file_location("simulate", path.resolve())
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def scenario(
    simulator: ModuleType, sessions: Any, seeds: Iterable[int], k: int, rho: float, deadlines: str
) -> dict[str, Any]:
    """Every order over the same days, and the targets where this scenario has some."""
    days = _days(simulator, sessions, seeds, k, rho, deadlines)
    orders: dict[str, Key] = {name: simulator.POL[theirs] for name, theirs in BESIDE.items()}
    orders["Placet"] = product
    figures = {name: _mean(simulator, days, k, order) for name, order in orders.items()}
    targets = _targets(figures, BREACHES.get((k, rho, deadlines)))
    return {"k": k, "rho": rho, "deadlines": deadlines, "orders": figures, "targets": targets}


def curve(simulator: ModuleType, sessions: Any, seeds: Iterable[int]) -> list[dict[str, Any]]:
    """The trade between cost and deadlines, by how long a request of the class high waits before it rises."""
    points = []
    for (k, rho, deadlines), most in BREACHES.items():
        days = _days(simulator, sessions, seeds, k, rho, deadlines)
        cmu = _mean(simulator, days, k, simulator.POL[BESIDE["c-mu"]])
        for minutes in PATIENCES:
            high = replace(WEIGHTS[Urgency.HIGH], patience=minutes * MINUTE)
            found = _mean(simulator, days, k, _with({**WEIGHTS, Urgency.HIGH: high}))
            points.append(
                {
                    "rho": rho,
                    "patience_min": minutes,
                    "cost_ratio": found["cost_per_item"] / cmu["cost_per_item"],
                    "breach_all": found["breach_all"],
                    "starved": found["starved"],
                    "met": all(t["met"] for t in _targets({"c-mu": cmu, "Placet": found}, most)),
                }
            )
    return points


def _with(weights: Mapping[Urgency, Weight]) -> Key:
    @cache
    def scheduled(arrival: float, urgency: str, minutes: float) -> Schedule:
        return schedule(Urgency(urgency), arrival, arrival + minutes * MINUTE, weights=weights)

    return lambda now, arrival, urgency, minutes: place(scheduled(arrival, urgency, minutes), now)


def _days(
    simulator: ModuleType, sessions: Any, seeds: Iterable[int], k: int, rho: float, deadlines: str
) -> list[Any]:
    # The simulator's own seeding, so that the figures can be laid beside those it prints.
    return [
        simulator.make_items(sessions, rho, k, random.Random(1000 * seed + 7), deadlines) for seed in seeds
    ]


def _mean(simulator: ModuleType, days: Sequence[Any], k: int, order: Key) -> dict[str, float]:
    measured = [simulator.measure(simulator.run(day, k, order)) for day in days]
    return {name: statistics.mean(one[name] for one in measured) for name in measured[0]}


def _targets(figures: Mapping[str, Mapping[str, float]], most: float | None) -> list[dict[str, Any]]:
    if most is None:
        return []
    ours, cmu = figures["Placet"], figures["c-mu"]
    return [
        _target("delay cost over c-mu's", ours["cost_per_item"] / cmu["cost_per_item"], DEARER),
        _target("past their deadline", ours["breach_all"], most),
        _target("waited over 4 h", ours["starved"], cmu["starved"]),
    ]


def _target(name: str, found: float, most: float) -> dict[str, Any]:
    return {"target": name, "found": found, "most": most, "met": found <= most}


def _print_scenario(report: Mapping[str, Any]) -> None:
    print(f"\nk={report['k']} people, load {report['rho']}, deadlines {report['deadlines']}")
    columns = ("late %", "urgent", "high", "normal", "low", "cost", "over 4 h %", "longest h")
    print(f"{'order':<10}" + "".join(f"{column:>11}" for column in columns))
    for name, found in report["orders"].items():
        late = [found["breach_all"], *(found[f"breach_{urgency}"] for urgency in Urgency)]
        shown = [*(100 * share for share in late), found["cost_per_item"], 100 * found["starved"]]
        print(f"{name:<10}" + "".join(f"{value:>11.1f}" for value in (*shown, found["max_wait_h"])))
    for target in report["targets"]:
        said = "met" if target["met"] else "MISSED"
        print(f"  {target['target']}: {target['found']:.3f}, at most {target['most']:.3f}: {said}")


def _print_curve(points: Sequence[Mapping[str, Any]]) -> None:
    print(f"{'load':>5}{'patience':>10}{'cost/c-mu':>11}{'late %':>8}{'over 4 h %':>12}  targets")
    for point in points:
        minutes, cost = point["patience_min"], point["cost_ratio"]
        late, long = 100 * point["breach_all"], 100 * point["starved"]
        said = "met" if point["met"] else ""
        print(f"{point['rho']:>5}{minutes:>6} min{cost:>11.3f}{late:>8.1f}{long:>12.1f}  {said}")


if __name__ == "__main__":
    main()
