"""Tests of the store: one suite for every kind, and what is special about each."""

import pytest

pytest.register_assert_rewrite("tests.store.contract", "tests.store.contract_enrolment")
