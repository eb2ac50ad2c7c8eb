from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inbox.policy.computed.sql import sql_facts


@pytest.mark.parametrize(
    "text",
    [
        "select id, name from customers where city = 'Rome' limit 5",
        "WITH recent AS (SELECT * FROM orders WHERE at > now()) SELECT count(*) FROM recent",
        "select a from x union all select b from y",
        "select upper(name), coalesce(age, 0) from people order by 1",
        "select 1; select 2",
    ],
)
def test_reading_is_seen(text: str) -> None:
    facts = sql_facts(text)
    assert facts.parsed
    assert not facts.writes


@pytest.mark.parametrize(
    "text",
    [
        "delete from orders where id = 1",
        "update orders set paid = true where id = 1",
        "insert into t values (1)",
        "select 1; drop table t",
        "with gone as (delete from t returning *) select * from gone",
        "select * into copy from t",
        "create table x as select * from t",
        "truncate table t",
        "alter table t drop column c",
        "set role admin",
        "merge into t using s on t.id = s.id when matched then delete",
        "copy t to '/tmp/x'",
        "grant all on t to bob",
        "select * from t for update",
    ],
)
def test_writing_is_seen(text: str) -> None:
    facts = sql_facts(text)
    assert facts.writes or not facts.parsed


@pytest.mark.parametrize(
    "text",
    ["select pg_read_file('/etc/passwd')", "select my_own_function(1)", "select load_file('x')", "select nextval('s')"],
)  # fmt: skip
def test_a_function_that_may_do_anything_is_not_understood(text: str) -> None:
    assert not sql_facts(text).parsed


def test_a_change_without_a_condition_is_unbounded() -> None:
    assert sql_facts("delete from orders").unbounded
    assert sql_facts("update orders set paid = true").unbounded
    assert sql_facts("drop table orders").unbounded
    assert not sql_facts("delete from orders where id = 1").unbounded


def test_columns_are_named_wherever_they_stand() -> None:
    found = sql_facts("select U.Name, count(email) from users u where u.PIN = 'x' order by age")
    assert set(found.columns) == {"name", "email", "pin", "age"}


def test_tables_are_named_in_lower_case() -> None:
    assert sql_facts("select * from Sales.Orders o join Users u on u.id = o.user_id").tables == (
        "sales.orders",
        "users",
    )


@pytest.mark.parametrize("text", ["select (" * 300, "x" * 30_000, "not sql at all (", ""])
def test_what_is_no_sql_or_too_much_is_not_understood(text: str) -> None:
    assert not sql_facts(text).parsed


@given(st.text(max_size=80))
def test_any_text_is_answered(text: str) -> None:
    sql_facts(text)


@pytest.mark.parametrize(
    "text",
    [
        "select 1 /*!50000 into outfile '/tmp/x' */ from t",
        "select 1--1; delete from t",
        "select 1 # 2; delete from t",
        "select 1 /* /* */ ; delete from t -- */",
        "select 1 -- x\r; delete from t",
        "select 'a\\''; delete from t; --'",
        'select "a\\""; delete from t; --"',
    ],
)
def test_what_one_server_takes_for_a_comment_or_a_text_and_another_runs_is_not_understood(text: str) -> None:
    assert not sql_facts(text).parsed


@pytest.mark.parametrize(
    "text", ["select a -- why\nfrom t", "select a #>> '{x}' from t", "select 'it''s' /* so */ from t"]
)
def test_comments_and_texts_every_server_reads_alike_are_read(text: str) -> None:
    assert sql_facts(text).parsed
