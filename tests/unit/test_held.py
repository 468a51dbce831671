"""Claims that are held between looks."""

from bot.domain.task import Kind
from bot.services.held import Held
from bot.storage.looks import Claim


def claim(task_id: str, lease_until: float = 120.0) -> Claim:
    return Claim(
        task_id, b"bytes", "running", Kind.MUSIC, live=False, asked_at=0.0, changed_at=0.0, lease_until=lease_until
    )


def test_claims_come_back_when_they_are_due() -> None:
    held = Held()
    held.hold([claim("late")], 20.0)
    held.hold([claim("soon")], 10.0)
    assert held.next_due() == 10.0
    assert held.take(9.0, enough=9) == []
    assert [each.task_id for each in held.take(10.0, enough=9)] == ["soon"]
    assert [each.task_id for each in held.take(20.0, enough=9)] == ["late"]
    assert held.next_due() is None


def test_a_claim_whose_lease_is_over_is_the_databases_to_give_again() -> None:
    """As after an outage: it would be asked for twice, and the silence be taken for a time without change."""
    held = Held()
    held.hold([claim("t1")], 10.0)
    assert held.take(500.0, enough=9) == []
