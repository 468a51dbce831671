"""Claims whose answers were repeated, held between polls."""

from bot.domain.polling import Claim
from bot.domain.snapshot import PollSchedule
from bot.domain.task import TaskKind
from bot.domain.watch import QUIET_AFTER
from bot.services.polling.repeats import LEASE, NotHeld, RepeatedClaims, digests

EVERY_10_S = PollSchedule(10.0)


def claim(task_id: str, *, lease_until: float = 120.0, digest: bytes = b"bytes", changed_at: float = 0.0) -> Claim:
    return Claim(
        task_id, digest, "running", TaskKind.MUSIC,
        live=False, asked_at=0.0, changed_at=changed_at, lease_until=lease_until,
    )  # fmt: skip


def test_claims_come_back_when_they_are_due() -> None:
    repeated = RepeatedClaims()
    assert repeated.hold([claim("late")], 10.0, EVERY_10_S) == NotHeld([], [])
    assert repeated.hold([claim("soon")], 0.0, EVERY_10_S) == NotHeld([], [])
    assert (len(repeated), repeated.next_due()) == (2, 10.0)
    assert repeated.take(9.0, enough=9) == []
    assert [each.task_id for each in repeated.take(10.0, enough=9)] == ["soon"]
    assert [each.task_id for each in repeated.take(20.0, enough=9)] == ["late"]
    assert (len(repeated), repeated.next_due()) == (0, None)


def test_a_claim_whose_lease_is_over_is_the_databases_to_give_again() -> None:
    """As after an outage: it would be asked for twice, and the outage be taken for a time without change."""
    repeated = RepeatedClaims()
    repeated.hold([claim("t1")], 0.0, EVERY_10_S)
    assert repeated.take(500.0, enough=9) == []


def test_a_lease_that_ends_before_the_next_poll_is_renewed_unless_an_action_may_be_due_within_it() -> None:
    repeated = RepeatedClaims()
    short, quiet = claim("short", lease_until=35.0), claim("quiet", lease_until=35.0, changed_at=-QUIET_AFTER)
    assert repeated.hold([short, quiet], 0.0, EVERY_10_S) == NotHeld([short], [quiet])
    assert repeated.hold([short], 0.0, PollSchedule(LEASE)) == NotHeld([], [short]), "a renewed one would end as early"
    assert len(repeated) == 0


def test_only_answers_that_need_no_action_are_known() -> None:
    assert digests([claim("t1"), claim("t2", digest=b"")]) == {b"bytes": "t1"}
