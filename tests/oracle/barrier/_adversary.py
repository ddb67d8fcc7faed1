"""Adversarial barrier options, and what must hold of each of them whatever its numbers are.

Distances of the barrier from 1e-12 to 100 times the spot, vols from 1e-4 to 5, a millionth of a year to fifty years,
rates from -20 % to 50 %; strikes from a millionth of a millionth away from a barrier to far away, and at it.
"""

import ctypes
import math

import numpy as np

import shortgamma as sg
from shortgamma import capi

OPTIONS = ("call", "put")
ULP = 2.0**-52
NOTHING = 1e-290
"""What is smaller has no full precision any more."""


def market(random, count):
    return {
        "vol": 10.0 ** random.uniform(-4, math.log10(5.0), count),
        "expiry": 10.0 ** random.uniform(-6, math.log10(50.0), count),
        "rate": random.uniform(-0.2, 0.5, count),
        "dividend": random.uniform(-0.2, 0.5, count),
    }


def strikes(random, level):
    """Near, far and at the level."""
    count = len(level)
    away = 10.0 ** random.uniform(-12, 0.7, count) * random.choice([-1.0, 1.0], count)
    return level * np.where(random.random(count) < 0.02, 1.0, np.exp(away))


def single(count, seed):
    """Living options with one barrier; the direction, and the arguments of price()."""
    random = np.random.default_rng([seed, count])
    barrier = 10.0 ** random.uniform(-2, 6, count)
    distance = 10.0 ** random.uniform(-12, 2, count)
    up = random.random(count) < 0.5
    spot = np.where(up, barrier / (1.0 + distance), barrier * (1.0 + distance))
    strike = strikes(random, np.where(random.random(count) < 0.5, barrier, spot))
    option = random.choice(OPTIONS, count)
    return up, {"spot": spot, "strike": strike, "barrier": barrier, **market(random, count), "option": option}


def double(count, seed):
    """Living options with two barriers."""
    random = np.random.default_rng([seed, count, 2])
    spot = 10.0 ** random.uniform(-2, 6, count)
    below, above = 10.0 ** random.uniform(-12, 2, (2, count))
    lower, upper = spot / (1.0 + below), spot * (1.0 + above)
    strike = strikes(random, np.choose(random.integers(3, size=count), [lower, spot, upper]))
    option = random.choice(OPTIONS, count)
    return {
        "spot": spot,
        "strike": strike,
        "lower": lower,
        "upper": upper,
        **market(random, count),
        "option": option,
    }


def _plain(values):
    """The plain option (a knock-in whose barrier was hit), the larger of its two legs, and a sure payment."""
    spot, strike, rate, expiry = (values[name] for name in ("spot", "strike", "rate", "expiry"))
    rest = {name: values[name] for name in ("vol", "expiry", "rate", "dividend", "option")}
    plain = sg.barrier.price(spot, strike, 2.0 * spot, **rest, kind="down-in")
    discount = np.exp(-rate * expiry)
    return plain, np.maximum(spot * np.exp(-values["dividend"] * expiry), strike * discount), discount


def _worst(excess, size):
    """The largest excess in units in the last place of size."""
    return float(np.max(excess / (ULP * np.maximum(size, NOTHING)), initial=0.0))


def _any_nan(results):
    return sum(int(np.isnan(part).sum()) for result in results for part in result)


def _options(values, knock_in, knock_out, rest):
    """What must hold of a knock-in and its knock-out, without rebate and with one."""
    plain, larger, discount = _plain(values)
    greeks = rest.pop("greeks")
    inside, outside = (greeks(**values, **rest, kind=kind, order=2) for kind in (knock_in, knock_out))
    rebated = [
        greeks(**values, **rest, kind=kind, rebate=1.0, rebate_at=rebate_at, order=2)
        for kind, rebate_at in ((knock_in, "hit"), (knock_out, "hit"), (knock_out, "expiry"))
    ]
    never, hit, late = (one.price - base.price for one, base in zip(rebated, (inside, outside, outside), strict=True))
    size = np.maximum(discount, 1.0) + larger
    return {
        "NaN": _any_nan([inside, outside, *rebated]),
        "below 0": _worst(-np.minimum(inside.price, outside.price), larger),
        "above the plain option": _worst(np.maximum(inside.price, outside.price) - plain, larger),
        "in + out - plain": _worst(np.abs(inside.price + outside.price - plain), larger),
        "rebate below 0": _worst(-np.minimum(never, np.minimum(hit, late)), size),
        "rebate above its bound": _worst(
            np.maximum(np.maximum(never, late) - discount, hit - np.maximum(discount, 1.0)), size
        ),
        "rebate in + out - sure": _worst(np.abs(never + late - discount), size),
    }


def _careful():
    """The careful routine for any input, of C."""
    capsule = capi.__pyx_capi__["barrier_price"]
    name, pointer = ctypes.pythonapi.PyCapsule_GetName, ctypes.pythonapi.PyCapsule_GetPointer
    name.restype, name.argtypes = ctypes.c_char_p, [ctypes.py_object]
    pointer.restype, pointer.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    kind = ctypes.CFUNCTYPE(ctypes.c_double, *[ctypes.c_double] * 8, ctypes.c_int)
    return kind(pointer(capsule, name(capsule)))


def _from_careful(values, up, out):
    """How far prices of the lanes are from those of the careful routine."""
    careful = _careful()
    codes = up + 2 * out + 4 * (values["option"] == "put")
    columns = [values[name].tolist() for name in ("spot", "strike", "barrier", "vol", "expiry", "rate", "dividend")]
    kinds = np.where(up, "up-out" if out else "up-in", "down-out" if out else "down-in")
    alone = [careful(*one, 0.0, code) for *one, code in zip(*columns, codes.tolist(), strict=True)]
    return np.abs(sg.barrier.price(**values, kind=kinds) - alone)


def single_violations(count, seed):
    """Of options with one barrier: how many outputs are NaN, and by how many ulp of what they are made of (the larger
    leg of the plain option, or the sure payment) bounds and parities are missed."""
    up, values = single(count, seed)
    kinds = [np.where(up, f"up-{end}", f"down-{end}") for end in ("in", "out")]
    larger = _plain(values)[1]
    apart = max(_worst(_from_careful(values, up, out), larger) for out in (False, True))
    return _options(values, *kinds, {"greeks": sg.barrier.greeks}) | {"lanes - careful routine": apart}


def double_violations(count, seed):
    """The same with two barriers."""
    return _options(double(count, seed), "knock-in", "knock-out", {"greeks": sg.barrier.double_greeks})


def _touches(values, no_touch, one_touch, touch_greeks, rest):
    values = {name: value for name, value in values.items() if name not in ("strike", "option")}
    discount = np.exp(-values["rate"] * values["expiry"])
    never = touch_greeks(**values, **rest, kind=no_touch, paid_at="expiry", order=2)
    late, hit = (touch_greeks(**values, **rest, kind=one_touch, paid_at=when, order=2) for when in ("expiry", "hit"))
    most = np.maximum(discount, 1.0)
    return {
        "NaN": _any_nan([never, late, hit]),
        "below 0": _worst(-np.minimum(never.price, np.minimum(late.price, hit.price)), discount),
        "above 1, or the sure payment": max(
            _worst(np.maximum(never.price, late.price) - discount, discount), _worst(hit.price - most, most)
        ),
        "touch + no touch - sure": _worst(np.abs(never.price + late.price - discount), discount),
        "hit below expiry, rates > 0": _worst(np.where(values["rate"] > 0.0, late.price - hit.price, 0.0), most),
    }


def touch_violations(count, seed):
    up, values = single(count, seed)
    rest = {"direction": np.where(up, "up", "down")}
    return _touches(values, "no-touch", "one-touch", sg.barrier.touch_greeks, rest)


def double_touch_violations(count, seed):
    return _touches(double(count, seed), "double-no-touch", "double-touch", sg.barrier.double_touch_greeks, {})


RUNS = {
    "options": single_violations,
    "touches": touch_violations,
    "double options": double_violations,
    "double touches": double_touch_violations,
}
