"""
The invariants of the reference (trading.md §4.20): who tests each, and who watches a live tape.

A number is covered by the properties named here and by ``papertape check``, or it is said why
it cannot be.
"""

from __future__ import annotations

import ast
import inspect
from pathlib import Path

import pytest

import api.audit
from adapters.invariants import INVARIANTS

TESTS = Path(__file__).parents[1]
NO_TOURNAMENTS = "there are no tournaments yet"
PRODUCTS = "property/test_margin.py::AnyProduct"
CASH = "property/test_account.py::AnyTrading"
NAIVE = (
    "property/test_differential.py::"
    "test_the_naive_account_comes_to_the_same_after_every_fact_of_two_hundred_histories"
)

PROPERTIES: dict[str, tuple[str, ...] | str] = {
    "I-01": (f"{PRODUCTS}.positions_are_their_fills_and_their_lots", NAIVE),
    "I-02": (f"{PRODUCTS}.positions_are_their_fills_and_their_lots", NAIVE),
    "I-03": (f"{PRODUCTS}.equity_is_capital_and_profit_less_fees", NAIVE),
    "I-04": (f"{PRODUCTS}.both_costs_tell_the_same_profit", NAIVE),
    "I-05": ("property/test_margin.py::LongOnly.cash_is_never_owed_nor_promised_twice",),
    "I-06": ("property/products.py::Trading.fill",),
    "I-07": (
        f"{PRODUCTS}.equity_is_capital_and_profit_less_fees",
        f"{PRODUCTS}.reserved_is_what_the_rule_says_over_all_orders",
    ),
    "I-08": (
        f"{PRODUCTS}.positions_are_their_fills_and_their_lots",
        f"{CASH}.nobody_sells_more_than_is_held",
    ),
    "I-09": (
        f"{PRODUCTS}.every_order_is_accounted_for",
        "property/test_order_states.py::OrderStates.an_order_goes_where_the_table_says",
    ),
    "I-10": ("property/products.py::Trading.fill", f"{CASH}.every_order_is_accounted_for"),
    "I-11": (f"{PRODUCTS}.fees_do_not_depend_on_the_way_an_order_was_filled", NAIVE),
    "I-12": (
        "property/test_venue.py::"
        "test_no_fill_is_beyond_the_limit_the_size_or_the_freshness_of_its_slice",
    ),
    "I-13": NO_TOURNAMENTS,
    "I-14": (f"{PRODUCTS}.every_fact_balances_and_cash_and_loan_are_the_sums",),
    "I-15": (
        "property/test_corrections.py::"
        "test_a_restated_account_is_the_one_that_traded_the_corrected_history",
    ),
    "I-16": (
        f"{CASH}.teardown",
        "contract/test_read_models.py::"
        "test_every_model_is_the_same_in_whatever_portions_the_tape_is_read",
    ),
    "I-17": (f"{PRODUCTS}.it_deals_at_the_paper_venue_alone",),
    "I-18": ("property/test_trading_state.py::Halting.ask",),
    "I-19": (
        "security/test_records.py::test_s67_no_secret_is_in_any_log_fact_row_or_answer",
        "contract/test_in_clear.py::test_what_stands_in_clear_is_found_at_its_position",
    ),
    "I-20": ("contract/test_flipped_bits.py::test_a_flipped_bit_is_found_at_its_position",),
    "I-21": NO_TOURNAMENTS,
    "I-22": ("contract/test_alone.py::test_read_models_reach_for_nothing_but_the_database",),
}
#: Beside those that are walked fact by fact, what ``papertape check`` looks at.
WHOLE_TAPE = ("I-16", "I-19", "I-20")
UNWATCHED = {
    "I-13": NO_TOURNAMENTS,
    "I-21": NO_TOURNAMENTS,
    "I-22": "what a program does not do leaves no trace on a tape",
}


def _names(path: Path) -> set[str]:
    """Every function, and every method as Class.method."""
    names: set[str] = set()
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            names.add(node.name)
        if isinstance(node, ast.ClassDef):
            names |= {
                f"{node.name}.{sub.name}" for sub in node.body if isinstance(sub, ast.FunctionDef)
            }
    return names


def test_every_number_of_the_reference_is_in_the_table() -> None:
    assert list(PROPERTIES) == [f"I-{number:02}" for number in range(1, 23)]


@pytest.mark.parametrize("number", PROPERTIES)
def test_an_invariant_is_tested_by_properties_that_exist(number: str) -> None:
    tests = PROPERTIES[number]
    if isinstance(tests, str):
        assert number in UNWATCHED
        return
    for test in tests:
        file, _, name = test.partition("::")
        assert name in _names(TESTS / file), test


def test_papertape_check_watches_every_invariant_or_it_is_said_why_not() -> None:
    watched = {*INVARIANTS, *WHOLE_TAPE}
    assert not watched & set(UNWATCHED)
    assert watched | set(UNWATCHED) == set(PROPERTIES)
    told = inspect.getsource(api.audit)
    for number in WHOLE_TAPE:
        assert f'Invariant("{number}"' in told
