"""When a change happened, by the gateway's own clock, right or wrong."""

import pytest

from bot.domain.windows import Stamps, Window


def test_a_timestamp_narrows_a_window_to_one_second() -> None:
    read, _ = Stamps().read(Window(100.0, 128.0, stamp=110.0))
    assert read == Window(109.75, 111.25, 110.0)


@pytest.mark.parametrize("fast", [3.3, -40.0, 3_600.0])
def test_two_timestamps_give_the_difference_of_the_clocks(fast: float) -> None:
    stamps, moments = Stamps(), [115.4, 145.4, 175.4, 205.4]
    read = []
    for moment in moments:
        window, stamps = stamps.read(Window(moment - 1, moment + 1, stamp=float(int(moment + fast))))
        read.append(window)
    assert read[:2] == [None, None], "one may be an answer that came late"
    assert all(
        window and window.since < moment < window.until for window, moment in zip(read[2:], moments[2:], strict=True)
    )


def test_an_answer_that_came_late_changes_nothing() -> None:
    _, known = Stamps().read(Window(100.0, 102.0, stamp=101.0))
    late, after = known.read(Window(130.0, 145.0, stamp=116.0))
    assert late is None
    again, _ = after.read(Window(146.0, 161.0, stamp=146.0))
    assert again is not None
    assert again.length < 2


def test_the_clocks_are_known_once_windows_were_short() -> None:
    _, far = Stamps().read(Window(100.0, 128.0, stamp=110.0))
    _, near = far.read(Window(139.0, 141.0, stamp=140.0))
    assert (far.confirmed, near.confirmed) == (False, True)
