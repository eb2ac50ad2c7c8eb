from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inbox.policy.inference.effect import Guess, named_effect


@pytest.mark.parametrize(
    "name",
    [
        "get_invoice", "ListCalendarEvents", "searchMessages", "find_user_by_email", "fetch-order-history", "read_file",
        "AcmeCrmGetContactDetails", "get_order_status", "view_posts", "check_stock", "estimate_distance", "celsius_to_fahrenheit",
        "calculate", "count_open_tickets", "AcmePostFindBranches", "browser_navigate", "SmartDoorCheckStatus", "lookup_zip",
        "get_deleted_items", "list_updates",
    ],
)  # fmt: skip
def test_names_that_only_read(name: str) -> None:
    assert named_effect(name).guess is Guess.READ


@pytest.mark.parametrize(
    ("name", "guess"),
    [
        ("delete_user", Guess.FINAL),
        ("execute_delete_command", Guess.FINAL),
        ("SendEmail", Guess.FINAL),
        ("transfer_funds", Guess.FINAL),
        ("order_pizza", Guess.FINAL),
        ("deposit_check", Guess.FINAL),
        ("find_and_delete_duplicates", Guess.FINAL),
        ("get_and_share_report", Guess.FINAL),
        ("run_query", Guess.FINAL),
        ("grant_access", Guess.FINAL),
        ("share_search_results", Guess.FINAL),
        ("read_then_update_row", Guess.WRITE),
        ("create_or_update_event", Guess.WRITE),
        ("update_status", Guess.WRITE),
        ("lock_door", Guess.WRITE),
        ("add_to_watchlist", Guess.WRITE),
        ("robot_go_to_room", Guess.WRITE),
        ("frobnicate", Guess.UNKNOWN),
        ("", Guess.UNKNOWN),
        ("42", Guess.UNKNOWN),
    ],
)
def test_names_that_do_more_or_say_nothing(name: str, guess: Guess) -> None:
    assert named_effect(name).guess is guess


def test_handing_over_to_a_person_is_no_act_of_the_agents_own() -> None:
    assert named_effect("transfer_to_human_agent").guess is Guess.HAND_OVER
    assert named_effect("escalate_to_supervisor").guess is Guess.HAND_OVER
    assert named_effect("transfer_money_to_human_agent_and_delete").guess is not Guess.HAND_OVER


verbs = st.sampled_from(["delete", "update", "create", "remove", "install", "modify", "send", "buy"])


@given(
    st.sampled_from(["get", "list", "read", "find", "calculate"]),
    verbs,
    st.sampled_from(["item", "user", "report"]),
)
def test_a_plain_verb_that_acts_anywhere_is_enough(read: str, act: str, noun: str) -> None:
    for name in (
        f"{read}_{act}_{noun}",
        f"{act}_{noun}",
        f"{read}_{noun}_and_{act}",
        f"{read.title()}{noun.title()}Or{act.title()}",
    ):
        assert named_effect(name).guess in {Guess.WRITE, Guess.FINAL}


@pytest.mark.parametrize(
    "name",
    [
        "power_off", "read_power_off", "check_out", "get_cash_out", "list_deleter", "show_deletion", "poll_wiping", "read_overwrite",
        "find_expunge", "track_disarm_alarm", "tell_boss", "ask_bank", "connect_to_supervisor_grant_admin", "user_to_admin", "file_to_trash",
        "view_drop_table", "check_cancel_order", "show_clear_all_caches", "get_shutdown_server", "read_write_file", "view_transfer_funds",
    ],
)  # fmt: skip
def test_names_that_only_look_like_reading(name: str) -> None:
    assert named_effect(name).guess not in (Guess.READ, Guess.HAND_OVER)


@pytest.mark.parametrize(
    "name",
    [
        "ask_user",
        "tell_time",
        "check_stock",
        "count_items",
        "power",
        "liter_to_gallon",
        "get_drop_rate",
        "view_cancel_policy",
        "list_transfer_history",
        "check_write_access",
        "find_empty_rooms",
        "get_drop",
        "list_drop_off_points",
    ],
)
def test_names_beside_them_that_do_read(name: str) -> None:
    assert named_effect(name).guess is Guess.READ
