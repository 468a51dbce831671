"""Fake tasks and songs: frozen values that tell a task's state at any moment."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Dialect = Literal["new-api", "rix", "suno-api", "goamz", "items", "nested", "bare", "code-1", "output", "response"]
State = Literal["queued", "running", "streaming", "done", "failed"]


@dataclass(frozen=True)
class Song:
    """`state`: of this song, if it differs from the task's. `sound`: the name of a file in sounds/; empty: none."""

    clip_id: str
    title: str = ""
    style: str = ""
    lyrics: str = ""
    duration: float = 60.0  # seconds
    sound: str = "dawn"
    state: State | None = None
    reason: str = ""
    audio_url: str | None = None  # instead of the media host's
    image_url: str | None = None
    video_url: str = ""
    model: str = ""  # instead of the usual one
    asked_for: Mapping[str, Any] = field(default_factory=dict)  # what its metadata repeats of the order


@dataclass(frozen=True)
class FakeTask:
    """`states`: pairs of seconds after birth and the state from then on. `word` replaces the dialect's own status."""

    id: str
    dialect: Dialect = "new-api"
    songs: tuple[Song, ...] = ()
    text: str | None = None  # of a LYRICS task
    title: str = ""  # of a LYRICS task
    states: tuple[tuple[float, State], ...] = ((0.0, "done"),)
    word: str = ""
    reason: str = ""
    progress: tuple[tuple[float, int], ...] = ()  # pairs of seconds after birth and percent from then on
    born_when_asked: bool = False

    def state(self, age: float) -> State:
        return next((state for since, state in reversed(self.states) if age >= since), self.states[0][1])

    def percent(self, age: float) -> int | None:
        return next((percent for since, percent in reversed(self.progress) if age >= since), None)

    def since(self, wanted: set[State]) -> float | None:
        """Seconds after birth at which one of the states began."""
        return next((since for since, state in self.states if state in wanted), None)
