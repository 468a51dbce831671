"""Suno's models, as data: limits and names. Gateways sell some under names of their own."""

from collections.abc import Sequence

from msgspec import Struct


class Model(Struct, frozen=True, kw_only=True):
    """`name` is sent to the gateway (`mv`), `label` is for people. Lengths are UTF-16 units, as Suno counts them."""

    name: str
    label: str
    lyrics: int = 5_000
    style: int = 1_000
    title: int = 100
    description: int = 500  # the smallest limit of all vendors


_MODELS = (
    Model(name="chirp-hawk", label="v6", description=3_000),
    Model(name="chirp-hawk-wild", label="v6-wild", description=3_000),
    Model(name="chirp-goose", label="v6-mini", description=3_000),
    Model(name="chirp-fenix", label="v5.5"),
    Model(name="chirp-crow", label="v5"),
    Model(name="chirp-bluejay", label="v4.5+"),
    Model(name="chirp-auk", label="v4.5"),
    Model(name="chirp-auk-turbo", label="v4.5-all", title=80),
    Model(name="chirp-v4", label="v4", lyrics=3_000, style=200, title=80),
    Model(name="chirp-v3-5", label="v3.5", lyrics=3_000, style=200, title=80),
    Model(name="chirp-v3-0", label="v3", lyrics=3_000, style=200, title=80),
)
_KNOWN = {model.name: model for model in _MODELS} | {model.label.lower(): model for model in _MODELS}

_NAMED = "chirp-"  # so do all names on the wire begin
CURRENT = _MODELS[:3]  # what Suno offers since September 2026
# Gateways use these if no model is given. Suno has retired them, so `mv` is always sent.
RETIRED = frozenset({"chirp-v3-5", "chirp-v3-0"})


def model_named(name: str) -> Model:
    """By its name at the gateway or its label. An unknown one gets the lengths of the newest."""
    name = name.strip()
    return _KNOWN.get(name.lower()) or Model(name=name, label=name)


def on_the_wire(said: str) -> str:
    """The name by which a model is ordered that a song is said to be of; empty: it cannot be told."""
    said = said.strip()
    known = _KNOWN.get(said.lower())
    return known.name if known else said if said.startswith(_NAMED) else ""


def offered(by_operator: Sequence[str], seen_finished: Sequence[str]) -> tuple[Model, ...]:
    """Models to offer at a gateway: the operator's list, else what finished there lately, else what Suno offers."""
    names = list(by_operator) or [name for name in seen_finished if name not in RETIRED]
    return tuple(model_named(name) for name in dict.fromkeys(names)) or CURRENT
