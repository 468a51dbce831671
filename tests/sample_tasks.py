"""Songs and tasks that many tests watch or look up, and the settings that make the bot poll them often."""

from sandbox.local_gateway.fake_task import FakeTask, Song

FAST = {"poll_interval_seconds": 0.1}  # settings of the bot

ONE = Song("aaaaaaaa-1111-4222-8333-444444444444", "Harbour Lights", "slow jazz", "[Verse]\nSalt on the rail", 3.0)
TWO = Song(
    "bbbbbbbb-1111-4222-8333-444444444444", "Harbour Lights", "slow jazz", "[Verse]\nSalt on the rail", 4.0, "rain"
)
DONE = FakeTask("11111111-2222-4333-8444-555555555555", songs=(ONE, TWO))
SOON = FakeTask(
    "11111111-2222-4333-8444-666666666666", songs=(ONE, TWO), states=((0, "queued"), (10, "running"), (20, "done"))
)
LATER = FakeTask("22222222-2222-4333-8444-555555555555", songs=(ONE,), states=((0, "running"), (600, "done")))
RUNNING = FakeTask("task_running", "rix", (ONE, TWO), states=((0, "running"),), progress=((0, 48),))
WORDS = FakeTask("33333333-2222-4333-8444-555555555555", text="[Verse]\nThe words that were asked for", title="Words")
