from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import given

from inbox.policy.document import PolicyDocument, parse_document
from inbox.policy.problems import PolicyError
from inbox.policy.yaml_text import from_yaml, to_yaml
from tests.unit.policy.building import DEFAULT, documents

REFERENCE = Path(__file__).resolve().parents[3] / "docs" / "reference" / "policy.md"


def refused(text: str) -> str:
    with pytest.raises(PolicyError) as error:
        from_yaml(text)
    (problem,) = error.value.problems
    assert (problem.pointer, problem.code.value) == ("", "malformed")
    return problem.message


@given(documents())
def test_what_is_written_reads_as_the_same_document_and_is_written_the_same(made: PolicyDocument) -> None:
    assert from_yaml(to_yaml(made)) == made
    assert to_yaml(from_yaml(to_yaml(made))) == to_yaml(made)


def test_the_example_of_the_reference_goes_there_and_back() -> None:
    found = re.search(r"```json\n(.*?)```", REFERENCE.read_text(), re.DOTALL)
    assert found is not None
    made = parse_document(json.loads(found.group(1)))
    assert from_yaml(to_yaml(made)) == made
    assert json.loads(found.group(1)) == json.loads(
        json.dumps(made.model_dump(mode="json", exclude_unset=True))
    )


@pytest.mark.parametrize(
    "text",
    ["on", "no", "1e3", "2026-01-01", "null", "0x1f", "~", "a: b", "# x", "- a", "12:30", "'", "\u00e9"],
)
def test_a_text_stays_a_text_whatever_it_looks_like(text: str) -> None:
    told = {**json.loads(DEFAULT.model_dump_json(exclude_none=True))}
    told["rules"] = [
        {"id": "x", "then": "review", "note": text, "when": [{"fact": "agent", "op": "eq", "value": text}]}
    ]
    made = parse_document(told)
    assert from_yaml(to_yaml(made)) == made


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("a: !!python/object/apply:os.system ['id']", "Tags are not read (line 1, column 4)."),
        ("a: !!str b", "Tags are not read (line 1, column 4)."),
        ("!policy\na: 1", "Tags are not read (line 1, column 1)."),
        ("a: &x 1\nb: *x", "Anchors and aliases are not read (line 1, column 4)."),
        ("a: 1\nb: *x", "Anchors and aliases are not read (line 2, column 4)."),
        ("a: 1\nb: 2\na: 3", "The key 'a' stands twice (line 3, column 1)."),
        ("a: {b: 1, b: 2}", "The key 'b' stands twice (line 1, column 11)."),
        ("<<: {a: 1}", "Merge keys are not read (line 1, column 1)."),
        ("? [a, b]\n: 1", "A key must be a text (line 1, column 3)."),
        ("a: yes", "'yes' can be read in more than one way (line 1, column 4): put it in quotes."),
        ("until: 2027-01-01", "can be read in more than one way"),
        ("a: 0x1f", "can be read in more than one way"),
        ("a: 017", "can be read in more than one way"),
        ("a: 1_000", "can be read in more than one way"),
        ("a: .inf", "can be read in more than one way"),
        ("a: ~", "can be read in more than one way"),
        ("a:", "can be read in more than one way"),
        ("a: [1, 2", "(line 1, column 9)"),
        ("a: 1\n\tb: 2", "(line 2, column 1)"),
        ("a: 1\n--- \nb: 2", "Only one document is read (line 2, column 1)."),
        ("", "The text is empty."),
        ("- a", "The text holds no table of keys and values."),
        ("just words", "The text holds no table of keys and values."),
        ("a: " + "[" * 50 + "]" * 50, "nested more than 40 deep"),
        ("a: " + "[" * 5_000, "nested more than 40 deep"),
        ("a: \x07", "It is not YAML"),
        ("a: " + "x" * 600_000, "longer than 512 KiB"),
    ],
)
def test_what_is_not_plain_is_refused_with_line_and_column(text: str, part: str) -> None:
    assert part in refused(text)


def test_what_the_document_itself_refuses_is_told_by_its_place() -> None:
    with pytest.raises(PolicyError) as error:
        from_yaml(to_yaml(DEFAULT) + "mood: good\n")
    assert [(one.pointer, one.code.value) for one in error.value.problems] == [("/mood", "unknown-field")]
