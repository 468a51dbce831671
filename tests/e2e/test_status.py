"""/suno status, from a person's typing to a playing song."""

from sandbox.local_gateway.life import Life, Song
from tests.conftest import Town

CLIPS = (
    Song("aaaaaaaa-1111-4222-8333-444444444444", "Harbour Lights", "slow jazz", "[Verse]\nSalt on the rail", 3.0),
    Song(
        "bbbbbbbb-1111-4222-8333-444444444444", "Harbour Lights", "slow jazz", "[Verse]\nSalt on the rail", 4.0, "rain"
    ),
)
DONE = Life("11111111-2222-4333-8444-555555555555", songs=CLIPS)


async def test_a_finished_task_comes_as_two_playable_songs(town: Town) -> None:
    town.gateway.add(DONE, age=100)
    async with town.bot():
        answer = await town.status(DONE.id)
    print(answer)
    assert [file["content_type"] for file in answer["attachments"]] == ["audio/mpeg", "audio/mpeg"]
