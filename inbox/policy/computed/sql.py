"""SQL taken apart with sqlglot. Only statements whose every part is known to read count as reading."""

from __future__ import annotations

import logging
import re
from typing import Final

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from inbox.policy.facts import SqlFacts
from inbox.policy.naming import lexicon

# Its warnings quote the SQL, and logs are read by more people than requests are.
logging.getLogger("sqlglot").setLevel(logging.CRITICAL)

LONGEST_SQL: Final = 8_000
# Where servers disagree on where a comment or a text ends, what one takes for a comment another runs: MySQL runs
# `/*! ... */`, ends `/* /* */` at the first mark, wants a space after `--`, begins a comment with `#` and escapes with
# a backslash; Postgres ends `--` at a carriage return and nests.
_AMBIGUOUS: Final = re.compile(
    r"/\*[!M]|/\*(?:(?!\*/).)*/\*|--(?![\s-])(?=.)|\r(?!\n)|\\(?=['\"`])|#(?![>-])", re.DOTALL
)
# The parser goes down once a bracket.
MOST_BRACKETS: Final = 200
_READING: Final = (exp.Select, exp.SetOperation, exp.Subquery, exp.Values, exp.Describe, exp.Show)
_WRITING: Final = (
    exp.Insert, exp.Update, exp.Delete, exp.Merge, exp.Create, exp.Drop, exp.Alter, exp.TruncateTable, exp.Into,
    exp.Copy, exp.LoadData, exp.Command, exp.Lock, exp.Set, exp.Transaction, exp.Commit, exp.Rollback, exp.Grant,
    exp.Kill, exp.Use, exp.Analyze, exp.Attach, exp.Detach, exp.Pragma,
)  # fmt: skip
# Functions a server may offer that reach files, other machines or sessions although they stand in a SELECT.
_REACHING: Final = (
    "pg_read", "pg_ls", "pg_write", "pg_file", "pg_terminate", "pg_cancel", "pg_sleep", "pg_reload", "pg_advisory",
    "lo_", "dblink", "load_file", "xp_", "sp_", "sys_", "utl_", "dbms_", "openrowset", "opendatasource", "copy", "nextval",
    "setval", "set_config", "read_", "query_to_xml", "database_to_xml", "table_to_xml", "readfile", "writefile", "load_extension",
    "benchmark", "sleep", "url", "s3", "file", "http", "shell", "exec", "eval", "system", "current_setting",
)  # fmt: skip

# Ordinary functions of common databases that the grammar has no class for.
_PLAIN_FUNCTIONS: Final = lexicon("""
age clock_timestamp date datetime date_format date_part dayname format getdate isnull julianday last_day len
localtimestamp lpad monthname now nvl printf rpad str strftime substr sysdate timeofday timestampdiff to_char
to_date to_number typeof weekday year month day hour minute
""")  # fmt: skip


def sql_facts(text: str) -> SqlFacts:
    """Take SQL apart. `parsed` False: not understood, and nothing else can be relied on."""
    if len(text) > LONGEST_SQL or text.count("(") > MOST_BRACKETS or _AMBIGUOUS.search(text):
        return SqlFacts(parsed=False)
    for dialect in (None, "mysql"):
        try:
            statements = [one for one in sqlglot.parse(text, dialect=dialect) if one is not None]
        except (SqlglotError, RecursionError, ValueError):
            continue
        return _facts(statements)
    return SqlFacts(parsed=False)


def _harmless(node: exp.Func) -> bool:
    """A function the grammar does not know may be anybody's, and do anything."""
    if isinstance(node, exp.Anonymous):
        return node.name.lower() in _PLAIN_FUNCTIONS
    return not node.sql_name().lower().startswith(_REACHING)


def _facts(statements: list[exp.Expr]) -> SqlFacts:
    tables: dict[str, None] = {}
    columns: dict[str, None] = {}
    writes = unbounded = False
    parsed = bool(statements)
    for statement in statements:
        writes |= not isinstance(statement, _READING)
        for node in statement.walk():
            if isinstance(node, exp.Table) and node.name:
                tables[".".join(part.name for part in node.parts).lower()] = None
            if isinstance(node, exp.Column) and node.name:
                columns[node.name.lower()] = None
            writes |= isinstance(node, _WRITING)
            unbounded |= isinstance(node, exp.Drop | exp.TruncateTable)
            unbounded |= isinstance(node, exp.Delete | exp.Update) and not node.args.get("where")
            if isinstance(node, exp.Func) and not _harmless(node):
                parsed = False
    return SqlFacts(
        parsed=parsed,
        statements=tuple(statement.key for statement in statements),
        tables=tuple(tables),
        columns=tuple(columns),
        writes=writes,
        unbounded=unbounded,
    )
