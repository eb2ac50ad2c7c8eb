"""What the golden files hold: how every case is shown and what is said about it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from inbox.rendering.reveal import Revealed, reveal
from tests.unit.rendering.cases import ATTACKS, LEGITIMATE

GOLDEN: Final = Path(__file__).parent / "golden"
FILES: Final[dict[str, Mapping[str, str]]] = {"attacks.json": ATTACKS, "legitimate.json": LEGITIMATE}


def snapshot(shown: Revealed) -> dict[str, Any]:
    """A revealed text as JSON. Tooltips are left out: they are the labels in longer words."""
    return {
        "segments": [[segment.kind, segment.text, segment.label] for segment in shown.segments],
        "findings": [[f.code, f.severity, f.message, f.where] for f in shown.findings],
    }


def rendered(cases: Mapping[str, str]) -> str:
    """The golden file of some cases, in ASCII so that a diff shows what changed."""
    snapshots = {name: snapshot(reveal(text)) for name, text in cases.items()}
    return json.dumps(snapshots, indent=1) + "\n"
