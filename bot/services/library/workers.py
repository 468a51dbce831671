"""What the library does by itself: shows the stars on messages, posts charts, adds earlier posts, and folds
their words anew.
"""

import asyncio

from bot.services.charts.sender import ChartPoster, ChartSender
from bot.services.charts.service import Charts
from bot.services.clock import Clock, Wakeup
from bot.services.library.backfill import Locate, backfill
from bot.services.library.reindex import reindex
from bot.services.library.service import Library
from bot.services.library.star_counts import StarCounts, StarPoster
from bot.storage.stores import Stores


class LibraryWorkers:
    def __init__(self, stores: Stores, clock: Clock) -> None:
        self._stores = stores
        self._clock = clock
        self._wakeup = Wakeup(clock)
        self._chart_due = Wakeup(clock)
        self.charts = Charts(stores.charts, clock, self.wake_charts)
        self.library = Library(stores.library, stores.stars, clock, self.wake)

    def wake(self) -> None:
        """The number of stars on a message has changed."""
        self._wakeup.send()

    def wake_charts(self) -> None:
        """A chart may be due, or a permission be there again."""
        self._chart_due.send()

    async def run(self, poster: StarPoster, chart_poster: ChartPoster, locate: Locate) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as workers:
            counts = StarCounts(self._stores.stars, poster, self._clock, self._wakeup)
            workers.create_task(counts.run(), name="star counts")
            charts = ChartSender(self._stores.charts, chart_poster, self._clock, self._chart_due)
            workers.create_task(charts.run(), name="charts")
            workers.create_task(reindex(self._stores.lines, self._clock), name="reindex")
            workers.create_task(backfill(self._stores.past_posts, locate, self._clock), name="backfill")
