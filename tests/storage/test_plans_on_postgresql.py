"""A statement that reads a whole table on PostgreSQL fails its test: see the fixture in tests/storage/conftest.py."""

import pytest

from tests.storage.plans_on_postgresql import Planner, Seen

pytestmark = pytest.mark.postgres


def test_a_statement_without_an_index_is_found(planner: Planner) -> None:
    """Otherwise no test could fail for it."""
    without = "SELECT task_id FROM tasks WHERE misses = %(misses)s::INTEGER"
    by_index = "SELECT task_id FROM tasks WHERE task_id = %(task_id)s::VARCHAR"
    seen: Seen = {"SELECT without": (without, {"misses": 5}), "SELECT by index": (by_index, {"task_id": "x5"})}
    assert planner.scans(seen) == ["Seq Scan on tasks: SELECT without"]
