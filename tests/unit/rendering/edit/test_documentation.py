"""Every reason a field can be refused for is written down, and no other."""

from __future__ import annotations

import re
from pathlib import Path

import agents.canonical
from inbox.rendering import edit

PAGE = Path(__file__).parents[4] / "docs" / "explanation" / "editing.md"
# The body of a request can be no object; a field can.
NOT_OF_A_FIELD = {"not-an-object"}


def spoken() -> set[str]:
    sources = [*Path(edit.__file__).parent.glob("*.py"), Path(agents.canonical.__file__)]
    text = "\n".join(path.read_text() for path in sources)
    return set(
        re.findall(
            r'(?:refuse\([^,"]*(?:"")?, |FieldError\("[^"]*", |JsonRefused\(\s*\d+, |": \(\s*|code, message = \(|return )"([a-z-]+)"',
            text,
        )
    )


def test_every_code_is_documented_and_no_other() -> None:
    table = PAGE.read_text().split("| Code | Meaning |")[1].split("\n\n")[0]
    first_cells = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    assert set(re.findall(r"`([a-z-]+)`", "".join(first_cells))) == spoken() - NOT_OF_A_FIELD
