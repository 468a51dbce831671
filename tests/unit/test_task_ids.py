"""A UUID in a form that a gateway does not know, while the gateway also fails."""

from collections.abc import Sequence

import pytest

from bot.domain.id_forms import other_form
from bot.domain.task import Answer, Status, Task, TaskKind
from bot.errors import GatewayBroken, GatewayError, GatewayUnreachable
from bot.services.task_ids import in_either_form

DASHED = "1f0c1a2b-3c4d-4e5f-8a6b-7c8d9e0f1a2b"
PLAIN = other_form(DASHED) or ""
KNOWN = Task(id="task_known", kind=TaskKind.MUSIC, status=Status.RUNNING)


class Fetch:
    """Knows `tasks`; the second question ends in `failure`, if there is one."""

    def __init__(self, *tasks: Task, failure: GatewayError | None = None) -> None:
        self.asked: list[list[str]] = []
        self._tasks = {task.id: task for task in tasks}
        self._failure = failure

    async def __call__(self, task_ids: Sequence[str]) -> Answer:
        self.asked.append(list(task_ids))
        if self._failure and len(self.asked) == 2:
            raise self._failure
        found = {each: self._tasks[each] for each in task_ids if each in self._tasks}
        return Answer(found, tuple(each for each in task_ids if each not in found))


async def test_an_unknown_id_is_asked_for_in_its_other_form() -> None:
    fetch = Fetch(KNOWN, Task(id=PLAIN, kind=TaskKind.MUSIC, status=Status.DONE))
    answer = await in_either_form(fetch, [KNOWN.id, DASHED, "task_other"])
    assert answer.tasks[DASHED].id == PLAIN, "the gateway's own"
    assert answer.missing == ("task_other",)
    assert fetch.asked == [[KNOWN.id, DASHED, "task_other"], [PLAIN]]


async def test_a_gateway_that_takes_no_such_form_does_not_know_it() -> None:
    answer = await in_either_form(Fetch(KNOWN, failure=GatewayBroken("400")), [KNOWN.id, DASHED])
    assert (answer.tasks, answer.missing) == ({KNOWN.id: KNOWN}, (DASHED,))


async def test_unknown_is_only_what_was_said_of_both() -> None:
    answer = await in_either_form(Fetch(KNOWN, failure=GatewayUnreachable("gone")), [KNOWN.id, DASHED])
    assert (answer.tasks, answer.missing) == ({KNOWN.id: KNOWN}, ())
    with pytest.raises(GatewayUnreachable):
        await in_either_form(Fetch(failure=GatewayUnreachable("gone")), [DASHED])
