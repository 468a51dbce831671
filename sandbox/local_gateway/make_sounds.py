"""Synthesises the loops in sounds/; only needed to change them: `python -m sandbox.local_gateway.make_sounds`.

Needs the `lame` program. The tail of a loop is mixed into its beginning. A loop is a whole number of MP3 frames, cut
from the middle of three repetitions, because an encoder adds silence at both ends, audible at every seam.
Without a bit reservoir the frames can be repeated as they are.
"""

import math
import random
import struct
import subprocess
import wave
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from sandbox.local_gateway.songs import split_frames

_RATE = 44_100
_FRAME = 1152  # samples in an MPEG 1 layer III frame
_ROUNDS = 3
_FOLDER = Path(__file__).parent / "sounds"
_PEAK = 0.85


@dataclass(frozen=True)
class Loop:
    """`chords`: MIDI notes, one chord a bar; `steps`: which note of the chord sounds on each eighth (-1: none)."""

    name: str
    tempo: float  # beats a minute
    beats: int  # in a bar
    chords: tuple[tuple[int, ...], ...]
    steps: tuple[int, ...]
    bright: float  # of the melody, 0 to 1
    kick: tuple[int, ...] = ()  # eighths
    hat: tuple[int, ...] = ()


_LOOPS = (
    Loop(
        "dawn",
        96,
        4,
        ((57, 60, 64, 67), (53, 57, 60, 64), (48, 55, 60, 64), (55, 59, 62, 67)),
        (0, 2, 3, 2, 1, 3, 2, 1),
        0.35,
        (0, 4),
        (2, 6),
    ),
    Loop(
        "rain",
        84,
        4,
        ((50, 57, 62, 65), (46, 53, 58, 62), (43, 50, 58, 62), (45, 52, 57, 61)),
        (3, -1, 2, -1, 1, 2, -1, 3),
        0.2,
        (),
        (3, 7),
    ),
    Loop(
        "neon",
        118,
        4,
        ((52, 55, 59, 64), (48, 55, 60, 64), (55, 59, 62, 67), (50, 54, 57, 62)),
        (0, 3, 1, 3, 2, 3, 1, 3),
        0.8,
        (0, 2, 4, 6),
        (1, 3, 5, 7),
    ),
    Loop(
        "waltz",
        132,
        3,
        (
            (53, 57, 60, 65),
            (58, 62, 65, 70),
            (55, 58, 62, 67),
            (48, 52, 58, 64),
            (50, 57, 62, 65),
            (55, 58, 62, 67),
            (48, 52, 58, 64),
            (53, 57, 60, 65),
        ),
        (0, 2, 3, 2, 3, 1),
        0.25,
        (0,),
        (2, 4),
    ),
    Loop(
        "river",
        104,
        4,
        ((54, 57, 61, 66), (50, 57, 62, 66), (57, 61, 64, 69), (52, 56, 59, 64)),
        (1, 2, 3, 2, 0, 2, 3, -1),
        0.5,
        (0, 3, 6),
        (2, 4, 7),
    ),
)


def _frequency(note: float) -> float:
    return float(440 * 2 ** ((note - 69) / 12))


def render(loop: Loop) -> list[float]:
    eighths = 2 * loop.beats * len(loop.chords)
    samples = [0.0] * (round(_RATE * 30 / loop.tempo * eighths / _FRAME) * _FRAME)
    eighth = len(samples) / _RATE / eighths
    for bar, chord in enumerate(loop.chords):
        start = bar * loop.beats * 2 * eighth
        for note in chord:
            _add(samples, start, loop.beats * 2 * eighth * 1.1, _frequency(note), 0.09, bright=0.1, attack=0.25)
        _add(samples, start, loop.beats * eighth * 1.8, _frequency(chord[0] - 12), 0.2, bright=0.15, attack=0.02)
        for step, which in enumerate(loop.steps):
            at = start + step * eighth
            if which >= 0:
                _add(samples, at, 0.9, _frequency(chord[which] + 12), 0.16, bright=loop.bright, attack=0.006)
            if step in loop.kick:
                _add_kick(samples, at)
            if step in loop.hat:
                _add_hat(samples, at)
    return samples


def _add(
    samples: list[float], start: float, length: float, frequency: float, volume: float, *, bright: float, attack: float
) -> None:
    first, count = round(start * _RATE), round(length * _RATE)
    turn = 2 * math.pi * frequency / _RATE
    for n in range(count):
        age = n / count
        envelope = min(1.0, n / (attack * _RATE)) * (1 - age) ** 2
        tone = (
            math.sin(turn * n)
            + bright * 0.5 * math.sin(2 * turn * n)
            + bright * 0.3 * math.sin(3 * turn * n) * (1 - age)
        )
        samples[(first + n) % len(samples)] += volume * envelope * tone


def _add_kick(samples: list[float], start: float) -> None:
    first, phase = round(start * _RATE), 0.0
    for n in range(round(0.22 * _RATE)):
        age = n / _RATE
        phase += 2 * math.pi * (48 + 90 * math.exp(-age * 30)) / _RATE
        samples[(first + n) % len(samples)] += 0.4 * math.exp(-age * 16) * math.sin(phase)


def _add_hat(samples: list[float], start: float) -> None:
    noise = random.Random(7)
    first, before = round(start * _RATE), 0.0
    for n in range(round(0.06 * _RATE)):
        now = noise.uniform(-1, 1)
        samples[(first + n) % len(samples)] += 0.05 * math.exp(-n / _RATE * 70) * (now - before)
        before = now


def save(loop: Loop) -> None:
    samples = render(loop)
    loudest = max(map(abs, samples))
    values = [round(sample / loudest * _PEAK * 32_767) for sample in samples]
    with TemporaryDirectory() as folder:
        source = f"{folder}/loop.wav"
        with wave.open(source, "wb") as file:
            file.setparams((1, 2, _RATE, len(values) * _ROUNDS, "NONE", ""))
            file.writeframes(struct.pack(f"<{len(values)}h", *values) * _ROUNDS)
        target = f"{folder}/loop.mp3"
        subprocess.run(["lame", "--quiet", "-m", "m", "-b", "64", "--nores", "-t", source, target], check=True)
        rounds = split_frames(Path(target).read_bytes())
    length = len(values) // _FRAME
    (_FOLDER / f"{loop.name}.mp3").write_bytes(b"".join(rounds[length : 2 * length]))


if __name__ == "__main__":
    for each in _LOOPS:
        save(each)
