"""The poll schedule against gateways as they were observed: delays and costs, in simulated time."""

import random

import pytest

from benchmarks.models import FakeTask, Gateway, alternating, cyclic, restarted
from benchmarks.simulated_bot import SimulatedBot
from bot.domain.poll_pacer import PollPacer

MINUTE = 60.0
CHANNELS = tuple(cyclic(phase=4.2 + behind) for behind in range(3))  # a second apart


def late(bot: SimulatedBot, since: float, share: float = 0.95) -> float:
    """The delay in seconds that this share of the songs finished since then did not exceed."""
    delays = sorted(delay for at, delay in bot.seen if at > since)
    assert len(delays) > 20
    return delays[int(len(delays) * share)]


@pytest.mark.parametrize("stamped", [True, False])
@pytest.mark.parametrize("seed", range(3))
def test_a_gateway_that_starts_anew_is_followed_within_a_minute(seed: int, *, stamped: bool) -> None:
    dice = random.Random(seed)
    down = (900.0, 900.0 + dice.uniform(1, 8))
    shows = restarted(cyclic(), cyclic(phase=dice.uniform(0, 15)), down)
    bot = SimulatedBot(20, Gateway((shows,), stamped=stamped, down=down), seed=seed)
    bot.play(900 + 8 * MINUTE)
    assert late(bot, down[1] + MINUTE) <= 2.0


@pytest.mark.parametrize(("stamped", "within"), [(True, 2.0), (False, 3.0)])
def test_an_update_cycle_is_learned_within_90_seconds(within: float, *, stamped: bool) -> None:
    bot = SimulatedBot(20, Gateway((cyclic(),), stamped=stamped))
    bot.play(90.0)
    assert stamped <= (bot.pacing.estimator.cycle is not None)
    bot.play(90.0 + 5 * MINUTE)
    assert late(bot, 90.0) <= within


@pytest.mark.parametrize("fast", [0.0, 3.3, -40.3, 3_600.0])
def test_changing_cycles_of_15_30_and_45_seconds_are_followed_with_any_gateway_clock(fast: float) -> None:
    gateway = Gateway((alternating(2_500.0),), stamped=True, fast=fast)
    bot = SimulatedBot(20, gateway)
    bot.play(2_400.0)
    assert late(bot, 600.0) <= 2.5


def test_a_cycle_from_an_earlier_run_is_used_from_the_start() -> None:
    gateway = Gateway((cyclic(),))
    before = SimulatedBot(20, gateway)
    before.play(900.0)
    pacing = PollPacer(5.0)
    pacing.estimator = before.pacing.estimator.lasting.resumed(930.0)
    after = SimulatedBot(20, gateway, seed=2, begins=930.0, pacing=pacing)
    assert pacing.estimator.cycle
    after.play(930.0 + 5 * MINUTE)
    assert late(after, 930.0) <= 2.0


def test_the_phase_of_yesterdays_cycle_is_not_used() -> None:
    before = SimulatedBot(20, Gateway((cyclic(),)))
    before.play(900.0)
    resumed = before.pacing.estimator.lasting.resumed(900.0 + 86_400.0)
    assert (resumed.cycle, resumed.nominal) == (None, 15.0)


@pytest.mark.parametrize("stamped", [True, False])
def test_several_channels_that_update_a_second_apart(*, stamped: bool) -> None:
    delays: list[float] = []
    for seed in range(1, 4):
        bot = SimulatedBot(100, Gateway(CHANNELS, stamped=stamped), seed=seed)
        bot.play(3_600.0)
        delays += [delay for at, delay in bot.seen if at > 900.0]
    assert sorted(delays)[int(len(delays) * 0.95)] <= (2.4 if stamped else 3.0)


class _OneSong(SimulatedBot):
    """Also counts what a GET every 15 s would take for the same songs, begun at any moment of the 15 s."""

    gets = 0.0

    def _finish(self, fake: FakeTask) -> None:
        if self._now > self._warm_up:
            self.gets += 1 + (fake.done - fake.born) / 15
        super()._finish(fake)


@pytest.mark.parametrize(("stamped", "most"), [(True, 0.95), (False, 1.0)])
def test_one_song_at_a_time_whose_channel_comes_a_second_after_the_others(most: float, *, stamped: bool) -> None:
    """Its changes are too few to show the channels, and to tell them from a shorter period."""
    bots = [_OneSong(1, Gateway(CHANNELS, stamped=stamped), warm_up=1_500.0, seed=seed) for seed in range(1, 5)]
    for bot in bots:
        bot.play(30_000.0)
        assert late(bot, 1_500.0) <= (4.5 if stamped else 14.25)  # a GET every 15 s: 14.25
        assert abs(_period(bot) - 15.0) <= 0.01
    assert sum(bot.requests for bot in bots) <= most * sum(bot.gets for bot in bots)


@pytest.mark.parametrize("stamped", [True, False])
def test_a_few_songs_at_a_gateway_with_channels_take_no_more_requests_than_a_get_every_15_s(*, stamped: bool) -> None:
    bot = _OneSong(2, Gateway(CHANNELS, stamped=stamped), warm_up=1_500.0)
    bot.play(15_000.0)
    assert bot.requests <= 0.8 * bot.gets


def _period(bot: SimulatedBot) -> float:
    """The known one nearest to the usual period."""
    known = bot.pacing.estimator.periods
    return min(max(15.0, known.since), known.until)


def test_after_an_interruption_probe_tasks_are_polled_often_until_the_cycle_is_known() -> None:
    pacing = PollPacer(5.0)
    known = SimulatedBot(20, Gateway((cyclic(),)), pacing=pacing)
    known.play(900.0)
    assert pacing.estimator.cycle
    pacing.interrupted(900.0)
    assert pacing.schedule(900.0, together=20, open_tasks=20, probe=True).interval <= 2.4
    assert pacing.schedule(900.0, together=20, open_tasks=20, probe=False).interval >= 4.0


def test_without_a_cycle_very_many_tasks_are_polled_as_often_as_capacity_allows() -> None:
    pacing = PollPacer(5.0)
    for _ in range(50):
        pacing.record_cost(3.0, 100_000)
    assert pacing.schedule(0.0, together=500, open_tasks=100_000, probe=False).interval > 10.0
    assert pacing.schedule(0.0, together=500, open_tasks=1_000, probe=False).interval < 6.1
