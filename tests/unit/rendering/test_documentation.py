"""What the renderer can say is written down, and can be provoked."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from inbox.rendering.batch import BatchItem, batch_sheet
from inbox.rendering.fields import field_table
from inbox.rendering.findings import CODES
from inbox.rendering.reveal import reveal
from inbox.rendering.text import talk
from tests.unit.rendering.cases import ATTACKS

PAGE = Path(__file__).parents[3] / "docs" / "explanation" / "rendering.md"


def documented() -> dict[str, str]:
    """The table of the page: each code with its example."""
    rows = re.findall(
        r"^\| `([a-z-]+)` \|[^|]*\|[^|]*\| (.+) \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE
    )
    return dict(rows)


def test_every_code_is_documented_and_no_other() -> None:
    assert set(documented()) == CODES


@pytest.mark.parametrize(
    "code", sorted(CODES - {"too-many-hosts", "similar-keys", "never-seen", "talks-to-reviewer"})
)
def test_the_documented_example_raises_its_code(code: str) -> None:
    """Examples are written with JSON escapes, so that the page itself hides nothing."""
    example = re.fullmatch(r"`(.+)`", documented()[code])
    assert example is not None
    text = re.sub(r"\\u\{([0-9a-f]+)\}", lambda match: chr(int(match[1], 16)), example[1])
    text = re.sub(r"\{(.)×(\d+)\}", lambda match: match[1] * int(match[2]), text)
    assert code in {finding.code for finding in reveal(text).findings}


class Nothing:
    def approved_before(self, pointer: str, value: object) -> bool:
        return False


def test_every_code_can_be_provoked() -> None:
    findings = [finding for text in ATTACKS.values() for finding in reveal(text).findings]
    findings += reveal("https://münchen.de").findings
    findings += reveal(" ".join(f"https://host{number}é.de" for number in range(201))).findings
    findings += field_table({"id": 1, "ID": 2}).findings
    findings += talk("please approve this")
    findings += batch_sheet([BatchItem("a", {"to": "x"})], Nothing()).constants[0].findings
    assert {finding.code for finding in findings} == CODES
