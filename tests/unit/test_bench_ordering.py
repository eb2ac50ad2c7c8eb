"""The ordering bench on a simulator of a few lines: what it calls, what it prints, what it says it missed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench import ordering
from inbox.policy.priority import Band

SIMULATOR = """
import statistics
POL = {
    "FIFO": lambda now, a, c, d: a,
    "EDF": lambda now, a, c, d: a + d * 60,
    "c-mu (cost/mean service)": lambda now, a, c, d: ("urgent high normal low".split().index(c), a),
    "c-mu + miss-cost when slack < 10 min": lambda now, a, c, d: a,
}
def pool():
    return ["high", "normal", "low"]
def make_items(sessions, rho, k, rnd, mode):
    return sorted((rnd.uniform(0, 60), rnd.choice(sessions), 30.0, rnd.uniform(1, 200)) for _ in range(40))
def run(items, k, pri):
    waiting, now, out = list(items), 60.0, []
    while waiting:
        waiting.sort(key=lambda i: pri(now, i[0], i[1], i[3]))
        a, c, s, d = waiting.pop(0)
        out.append((a, c, s, d, now))
        now += s
    return out
def measure(out):
    late = [(t + s - a) / 60 > d for a, c, s, d, t in out]
    found = {f"breach_{c}": 0.0 for c in ("urgent", "high", "normal", "low")}
    return {**found, "breach_all": statistics.mean(late), "cost_per_item": 1.0 + sum(late), "starved": 0.0,
            "max_wait_h": 1.0}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "simulate.py").write_text(SIMULATOR)
    return tmp_path


def test_without_a_simulator_it_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ordering.main([str(tmp_path)])
    assert "Skipped: there is no simulate.py" in capsys.readouterr().out


def test_the_table_holds_every_scenario_every_order_and_a_word_for_every_target(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ordering.main([str(folder), "--seeds", "2"])
    said = capsys.readouterr().out
    assert said.count("k=") == 6
    for name in (*ordering.BESIDE, "Placet"):
        assert said.count(f"\n{name:<10}") == 6
    assert said.count(": met") + said.count(": MISSED") == 6


def test_json_has_the_same_figures(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ordering.main([str(folder), "--seeds", "2", "--json"])
    report = json.loads(capsys.readouterr().out)
    assert [len(found["targets"]) for found in report] == [0, 0, 0, 0, 3, 3]
    for found in report:
        for target in found["targets"]:
            assert target["met"] == (target["found"] <= target["most"])


def test_the_curve_has_a_point_for_every_patience(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ordering.main([str(folder), "--seeds", "1", "--curve", "--json"])
    assert len(json.loads(capsys.readouterr().out)) == 2 * len(ordering.PATIENCES)


def test_the_simulator_is_given_the_products_own_key() -> None:
    assert ordering.product(0, 0, "high", 10).band is Band.HIGH_RISEN
    assert ordering.product(0, 0, "normal", 10).band is Band.NORMAL
