"""What the activation does to a state on the way forward, and to its gradient on the way back."""

from __future__ import annotations

from tuiviz.debugger.place import Place
from tuiviz.numbers import number


def _tanh(place: Place) -> str:
    saturated = int((abs(place.state) > 0.99).sum())
    return f"tanh keeps each unit within ±1; {_of(saturated, place)} saturated, |s| > 0.99."


def _sigmoid(place: Place) -> str:
    saturated = int((abs(place.state - 0.5) > 0.49).sum())
    return f"σ keeps each unit within 0 … 1; {_of(saturated, place)} within 0.01 of an end."


def _relu(place: Place) -> str:
    return f"relu cuts off below 0; {_of(int((place.slope == 0).sum()), place)} off."


def _identity(place: Place) -> str:
    return "The identity bends nothing: the network is linear up to the softmax."


KEPT = {"tanh": _tanh, "sigmoid": _sigmoid, "relu": _relu, "identity": _identity}
"""What is kept of a_k in s_k, by the name of the activation."""


def _slope_tanh(place: Place) -> str:
    low, high = number(place.slope.min()), number(place.slope.max())
    return (
        f"1 − s{place.at_k}² is the slope of tanh, at most 1, near 0 in a saturated unit, which "
        f"blocks; here {low} … {high}."
    )


def _slope_sigmoid(place: Place) -> str:
    low, high = number(place.slope.min()), number(place.slope.max())
    return (
        f"s{place.at_k} ⊙ (1 − s{place.at_k}) is the slope of σ, at most 1/4, near 0 at either "
        f"end; here {low} … {high}."
    )


def _slope_relu(place: Place) -> str:
    off = _of(int((place.slope == 0).sum()), place)
    return f"relu passes back all where a unit is on, and nothing where it is off; {off} off."


def _slope_identity(place: Place) -> str:
    k = place.at_k
    return f"The identity has slope 1: what reaches s{k} is {place.delta} too, unchanged."


SLOPES = {
    "tanh": _slope_tanh,
    "sigmoid": _slope_sigmoid,
    "relu": _slope_relu,
    "identity": _slope_identity,
}
"""What ∂s_k/∂a_k lets pass, by the name of the activation."""


def _of(count: int, place: Place) -> str:
    return f"{count} of {len(place.state)} units {'is' if count == 1 else 'are'}"
