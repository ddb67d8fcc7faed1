"""Every compiled ufunc, found by introspection, and for each of them valid arguments of any shape."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np

from shortgamma._core import dispatch
from shortgamma.barrier import BarrierGreeks
from shortgamma.vanilla import VanillaGreeks

Draw = Callable[[np.random.Generator, tuple[int, ...]], np.ndarray]


def ufuncs() -> dict[str, np.ufunc]:
    """The ufuncs of every part, by name."""
    return {name: ufunc for part in dispatch.parts() for name, ufunc in dispatch.ufuncs(part).items()}


class Case(NamedTuple):
    """How to draw each argument, and what lies outside of its domain: the number and the flag that it must set."""

    draw: Mapping[str, Draw]
    outside: Mapping[str, Mapping[float, str]]


def uniform(low: float, high: float) -> Draw:
    return lambda random, shape: random.uniform(low, high, shape)


def lognormal(scale: float, deviation: float) -> Draw:
    return lambda random, shape: scale * np.exp(deviation * random.standard_normal(shape))


def normal(deviation: float) -> Draw:
    return lambda random, shape: deviation * random.standard_normal(shape)


def sometimes(draw: Draw, otherwise: float = 0.0) -> Draw:
    """Half of the elements have the usual default."""
    return lambda random, shape: np.where(random.random(shape) < 0.5, otherwise, draw(random, shape))


def one_of(*values: float) -> Draw:
    return lambda random, shape: random.choice(np.array(values), shape)


def codes(count: int) -> Draw:
    return lambda random, shape: random.integers(0, count, shape, dtype=np.int8)


def one_code(*values: int) -> Draw:
    return lambda random, shape: random.choice(np.array(values, dtype=np.int8), shape)


def flags(random: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return random.random(shape) < 0.4


def path(random: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Prices along the last axis, wild enough for a leveraged product or a position to be wiped out now and then."""
    deviation = random.choice([0.01, 0.05, 0.3], (*shape[:-1], 1))
    return 100.0 * np.exp(np.cumsum(deviation * random.standard_normal(shape), axis=-1))


NO_PRICE = {0.0: "invalid", -1.0: "invalid", np.inf: "invalid", -np.inf: "invalid"}
NOT_FINITE = {np.inf: "invalid", -np.inf: "invalid"}
NEGATIVE = {-0.1: "invalid", -np.inf: "invalid"}
FRACTION = {-0.1: "invalid", 1.0: "invalid", np.inf: "invalid"}

BARRIER = Case(
    {
        "spot": lognormal(100.0, 0.15),
        "strike": lognormal(100.0, 0.2),
        "barrier": lognormal(100.0, 0.2),
        "vol": uniform(0.05, 1.2),
        "expiry": uniform(0.01, 3.0),
        "rate": sometimes(uniform(-0.05, 0.15)),
        "dividend": sometimes(uniform(-0.05, 0.15)),
        "rebate": sometimes(uniform(0.0, 10.0)),
        "kind": codes(32),
    },
    {
        "spot": NO_PRICE,
        "strike": NO_PRICE,
        "barrier": NO_PRICE,
        "vol": {**NEGATIVE, np.inf: "invalid"},
        "expiry": {**NEGATIVE, np.inf: "invalid"},
        "rate": NOT_FINITE,
        "dividend": NOT_FINITE,
        "rebate": NOT_FINITE,
    },
)
GREEKS = [f"barrier_{name}" for name in BarrierGreeks._fields]
BARRIERS = [*GREEKS, "barrier_first_order", "barrier_second_order"]
BINARIES = ["binary_price", "binary_first_order", "binary_second_order"]
BINARY = Case(
    {
        **{name: draw for name, draw in BARRIER.draw.items() if name not in ("rebate", "kind")},
        "amount": uniform(0.0, 10.0),
    },
    {name: numbers for name, numbers in BARRIER.outside.items() if name != "rebate"} | {"amount": NOT_FINITE},
)
BINARY.draw["code"] = one_code(*range(16), 16, 17, 18, 19, 24, 25, 26, 27, 48, 49, 56, 57)
DOUBLES = [f"double_{name}" for name in ("barrier_price", "barrier_first_order", "barrier_second_order")]
DOUBLE = Case(
    {
        **{name: BARRIER.draw[name] for name in ("spot", "strike")},
        "lower": uniform(50.0, 97.0),
        "upper": uniform(103.0, 180.0),
        **{name: draw for name, draw in BARRIER.draw.items() if name not in ("spot", "strike", "barrier", "kind")},
        "code": codes(32),
    },
    {
        **{name: numbers for name, numbers in BARRIER.outside.items() if name != "barrier"},
        "lower": {**NO_PRICE, 1e6: "invalid"},
        "upper": {**NO_PRICE, 1e-6: "invalid"},
    },
)
DATES = {0.0: "invalid", 0.5: "invalid", 2.5: "invalid", np.inf: "invalid"}
WATCHED = ["shifted_barrier", "shifted_first_order", "shifted_second_order"]
WATCHED_BARRIER = Case(
    {
        **{name: draw for name, draw in BARRIER.draw.items() if name in ("barrier", "vol", "expiry")},
        "dates": one_of(1.0, 2.0, 12.0, 252.0),
        "kind": codes(16),
    },
    {name: BARRIER.outside[name] for name in ("barrier", "vol", "expiry")} | {"dates": {0.0: "invalid"}},
)
WATCHED_GREEKS = Case(
    {
        **{name: draw for name, draw in BARRIER.draw.items() if name != "kind"},
        "dates": one_of(1.0, 2.0, 12.0, 252.0),
        "kind": codes(16),
    },
    BARRIER.outside | {"dates": {0.0: "invalid", np.inf: "invalid"}},
)
DISCRETE = ["discrete_price", "discrete_first_order", "discrete_second_order"]
DISCRETE_BARRIER = Case(
    {
        "spot": lognormal(45.0, 0.15),
        "strike": lognormal(45.0, 0.2),
        "lower": sometimes(lognormal(35.0, 0.05)),
        "upper": sometimes(lognormal(60.0, 0.05), 99.0),
        "vol": one_of(0.2, 0.5, 1.0),
        "expiry": one_of(0.1, 1.0),
        "rate": sometimes(uniform(-0.05, 0.15)),
        "dividend": sometimes(uniform(-0.05, 0.15)),
        "rebate": sometimes(uniform(0.0, 10.0)),
        "dates": one_of(1.0, 2.0, 5.0, 12.0),
        "kind": codes(16),
    },
    {
        **{name: numbers for name, numbers in BARRIER.outside.items() if name != "barrier"},
        "lower": {-1.0: "invalid", np.inf: "invalid"},
        "upper": {0.0: "invalid", -1.0: "invalid"},
        "dates": DATES,
    },
)
PARTIAL_TIME = ["partial_time_price", "partial_time_first_order", "partial_time_second_order"]
SOFT = ["soft_price", "soft_first_order", "soft_second_order"]
EXTENDED = ["two_asset_bivariate_cdf", "two_asset_price", *PARTIAL_TIME, *SOFT]
EXTENDED_DRAW = {
    "spot": lognormal(100.0, 0.15),
    "strike": lognormal(100.0, 0.2),
    "barrier": lognormal(100.0, 0.2),
    "vol": uniform(0.05, 1.2),
    "expiry": uniform(1.0, 3.0),
    "moment": uniform(0.01, 1.0),
    "rate": sometimes(uniform(-0.05, 0.15)),
    "dividend": sometimes(uniform(-0.05, 0.15)),
}
EXTENDED_OUTSIDE = {
    "spot": NO_PRICE,
    "strike": NO_PRICE,
    "vol": NO_PRICE,
    "expiry": NO_PRICE,
    "rate": NOT_FINITE,
    "dividend": NOT_FINITE,
}
POSITION = {
    "quantity": normal(1000.0),
    "entry": lognormal(100.0, 0.1),
    "margin": normal(5000.0),
    "maintenance": uniform(0.0, 0.3),
    "fee": sometimes(uniform(0.0, 0.01)),
    "multiplier": one_of(1.0, 1e-6, 0.1),
    "inverse": codes(2),
}
AMOUNT = {
    **{name: POSITION[name] for name in ("quantity", "entry", "margin")},
    "amount": sometimes(normal(100.0)),
    **{name: POSITION[name] for name in ("maintenance", "fee", "multiplier", "inverse")},
}
PRODUCT = {
    "leverage": uniform(-3.0, 3.0),
    "drift": normal(0.1),
    "vol": uniform(0.05, 1.2),
    "years": uniform(0.01, 3.0),
    "rate": sometimes(uniform(-0.05, 0.15)),
    "expense": sometimes(uniform(0.0, 0.05)),
}
PRODUCT_OUTSIDE = {name: {**NEGATIVE, np.inf: "invalid"} for name in ("vol", "years")}
POOLS = Case(
    {
        "long": lognormal(1000.0, 0.1),
        "short": lognormal(1000.0, 0.1),
        "leverage": one_of(1.0, 2.0, 3.0, 5.0),
        "ratio": lognormal(1.0, 0.1),
    },
    {"long": NEGATIVE, "short": NEGATIVE, "leverage": NEGATIVE, "ratio": NO_PRICE},
)
VANILLAS = [f"vanilla_{name}" for name in (*VanillaGreeks._fields, "first_order", "second_order")]
VANILLA_BINARIES = ["vanilla_binary_price", "vanilla_binary_first_order", "vanilla_binary_second_order"]
VANILLA_NUMBERS = ("spot", "strike", "vol", "expiry", "rate", "dividend")
VANILLA = Case(
    {**{name: BARRIER.draw[name] for name in VANILLA_NUMBERS}, "option": one_code(0, 4)},
    {name: BARRIER.outside[name] for name in VANILLA_NUMBERS},
)
VANILLA_BINARY = Case(
    {
        **{name: BARRIER.draw[name] for name in VANILLA_NUMBERS},
        "amount": uniform(0.0, 10.0),
        "code": one_code(0, 4, 8, 12),
    },
    {**VANILLA.outside, "amount": NOT_FINITE},
)
PROFILES = [
    f"dealer_profile{name}"
    for name in ("", "_gamma", "_shapes", "_even_gamma", "_even_shapes", "_units", "_parallel", "_parallel_gamma")
]
PROFILE = Case(
    {
        "spot": uniform(80.0, 120.0),
        "origin": uniform(95.0, 105.0),
        "forward": uniform(95.0, 105.0),
        **{name: BARRIER.draw[name] for name in ("strike", "vol", "expiry", "rate", "dividend")},
        "weight": normal(10.0),
        "option": one_code(0, 4),
    },
    {
        **dict.fromkeys(("spot", "origin", "forward", "strike"), NO_PRICE),
        "vol": {0.0: "invalid", **NEGATIVE, np.inf: "invalid"},
        "expiry": {0.0: "invalid", **NEGATIVE, np.inf: "invalid"},
        **dict.fromkeys(("rate", "dividend", "weight"), NOT_FINITE),
    },
)
IMPLIED = ["vanilla_implied_vol", "vanilla_normal_price", "vanilla_normal_greeks", "vanilla_normal_implied_vol"]
NORMAL = Case(
    {
        "forward": normal(10.0),
        "strike": normal(10.0),
        "vol": uniform(1.0, 50.0),
        "expiry": uniform(0.01, 3.0),
        "rate": sometimes(uniform(-0.05, 0.15)),
        "option": one_code(0, 4),
    },
    {
        "forward": NOT_FINITE,
        "strike": NOT_FINITE,
        "vol": {**NEGATIVE, np.inf: "invalid"},
        "expiry": {**NEGATIVE, np.inf: "invalid"},
        "rate": NOT_FINITE,
    },
)
ROLLING = Case(
    {
        "y": normal(1.0),
        "x": normal(1.0),
        "window": one_of(16.0),
        "lags": one_of(3.0),
        "minimum": one_of(16.0),
        "code": one_code(0),
    },
    {
        "y": NOT_FINITE,
        "x": NOT_FINITE,
        "window": {2.0: "invalid", 16.5: "invalid", np.inf: "invalid"},
        "lags": {-1.0: "invalid", 0.5: "invalid", 16.0: "invalid"},
        "minimum": {2.0: "invalid", 17.0: "invalid", -np.inf: "invalid"},
    },
)
CARRIED = Case(
    {
        **dict.fromkeys(("spot", "futures", "high", "settlement", "following"), path),
        "years": uniform(0.0, 1.0),
        "roll": lambda random, shape: random.random(shape) < 0.02,
        "quantity": lognormal(1.0, 1.0),
        "leverage": uniform(1.0, 20.0),
        "maintenance": uniform(0.0, 0.05),
        "amount": uniform(0.0, 0.5),
        "haircut": uniform(0.0, 1.0),
        "reserve": one_of(0.0, 10.0, 1e6),
        "code": one_code(0, 1, 2, 4, 5, 6, 8, 9, 10, 16, 17, 18),
    },
    {
        "high": NO_PRICE,
        "quantity": NO_PRICE,
        "leverage": NO_PRICE,
        "maintenance": FRACTION,
        "haircut": {-0.1: "invalid", 1.1: "invalid", np.inf: "invalid"},
        "reserve": {-1.0: "invalid", -np.inf: "invalid"},
    },
)
CASES: dict[str, Case] = {
    "carry_cash_and_carry": CARRIED,
    "carry_cash_and_carry_path": CARRIED,
    "carry_rolling_regression": ROLLING,
    "carry_rolling_regression_r2": Case({**ROLLING.draw, "code": one_code(0, 1, 2)}, ROLLING.outside),
    "exp": Case({"x": uniform(-700.0, 700.0)}, {"x": {710.0: "overflow"}}),
    "expm1": Case({"x": normal(3.0)}, {"x": {710.0: "overflow"}}),
    "log": Case({"x": lognormal(1.0, 100.0)}, {"x": {0.0: "divide", -1.0: "invalid", -np.inf: "invalid"}}),
    "log1p": Case({"x": lognormal(1.0, 10.0)}, {"x": {-1.0: "divide", -2.0: "invalid", -np.inf: "invalid"}}),
    "erfc": Case({"x": uniform(-6.0, 26.0)}, {"x": {}}),
    "erfcx": Case({"x": uniform(-26.0, 100.0)}, {"x": {-30.0: "overflow"}}),
    "normal_cdf": Case({"x": uniform(-37.0, 9.0)}, {"x": {}}),
    "normal_pdf": Case({"x": uniform(-37.0, 37.0)}, {"x": {}}),
    "contract_value": Case(
        {
            "quantity": normal(1000.0),
            "price": lognormal(100.0, 1.0),
            "multiplier": one_of(1.0, 1e-6, 0.1),
            "inverse": codes(2),
        },
        {"price": NO_PRICE},
    ),
    "contract_profit": Case(
        {
            "quantity": normal(1000.0),
            "entry": lognormal(100.0, 1.0),
            "exit": lognormal(100.0, 1.0),
            "multiplier": one_of(1.0, 1e-6, 0.1),
            "inverse": codes(2),
        },
        {"entry": NO_PRICE, "exit": NO_PRICE},
    ),
    **dict.fromkeys(BARRIERS, BARRIER),
    **dict.fromkeys(BINARIES, BINARY),
    **dict.fromkeys(DOUBLES, DOUBLE),
    "shifted_barrier": WATCHED_BARRIER,
    **dict.fromkeys(WATCHED[1:], WATCHED_GREEKS),
    **dict.fromkeys(DISCRETE, DISCRETE_BARRIER),
    "two_asset_bivariate_cdf": Case(
        {"x": normal(2.0), "y": normal(2.0), "correlation": uniform(-1.0, 1.0)},
        {"x": {}, "y": {}, "correlation": {1.1: "invalid", -2.0: "invalid", np.inf: "invalid"}},
    ),
    **dict.fromkeys(
        PARTIAL_TIME,
        Case(
            {**EXTENDED_DRAW, "kind": codes(8), "window": codes(3)},
            EXTENDED_OUTSIDE | {"barrier": NO_PRICE, "moment": {-0.1: "invalid", 5.0: "invalid", np.inf: "invalid"}},
        ),
    ),
    "two_asset_price": Case(
        {
            "spot": lognormal(100.0, 0.15),
            "strike": lognormal(100.0, 0.2),
            "vol": uniform(0.05, 1.2),
            "dividend": sometimes(uniform(-0.05, 0.15)),
            "other": lognormal(100.0, 0.15),
            "barrier": lognormal(100.0, 0.2),
            "other_vol": uniform(0.05, 1.2),
            "other_dividend": sometimes(uniform(-0.05, 0.15)),
            "correlation": uniform(-1.0, 1.0),
            "expiry": uniform(0.01, 3.0),
            "rate": sometimes(uniform(-0.05, 0.15)),
            "kind": codes(8),
        },
        EXTENDED_OUTSIDE
        | {
            "barrier": NO_PRICE,
            "other": NO_PRICE,
            "other_vol": NO_PRICE,
            "other_dividend": NOT_FINITE,
            "correlation": {1.1: "invalid", -2.0: "invalid", np.inf: "invalid"},
        },
    ),
    **dict.fromkeys(
        SOFT,
        Case(
            {
                "spot": lognormal(100.0, 0.15),
                "strike": lognormal(100.0, 0.2),
                "lower": uniform(60.0, 79.0),
                "upper": uniform(80.0, 99.0),
                **{name: BARRIER.draw[name] for name in ("vol", "expiry", "rate", "dividend")},
                "kind": codes(8),
            },
            {name: BARRIER.outside[name] for name in ("spot", "strike", "vol", "expiry", "rate", "dividend")}
            | {"lower": NO_PRICE, "upper": NO_PRICE},
        ),
    ),
    **dict.fromkeys(VANILLAS, VANILLA),
    **dict.fromkeys(VANILLA_BINARIES, VANILLA_BINARY),
    "vanilla_implied_vol": Case(
        {
            "price": uniform(5.0, 7.0),
            "spot": uniform(95.0, 96.0),
            "strike": uniform(96.5, 98.0),
            "expiry": uniform(0.5, 3.0),
            "rate": sometimes(uniform(-0.005, 0.005)),
            "dividend": sometimes(uniform(-0.005, 0.005)),
            "option": one_code(0, 4),
        },
        {
            "price": {-1.0: "invalid", 99.0: "invalid", np.inf: "invalid"},
            "spot": {0.0: "invalid", -1.0: "invalid", np.inf: "invalid"},
            "strike": {0.0: "invalid", -1.0: "invalid", np.inf: "invalid"},
            "expiry": {0.0: "invalid", **NEGATIVE, np.inf: "invalid"},
            "rate": NOT_FINITE,
            "dividend": NOT_FINITE,
        },
    ),
    "vanilla_normal_price": NORMAL,
    "vanilla_normal_greeks": NORMAL,
    "vanilla_normal_implied_vol": Case(
        {
            "price": uniform(5.0, 20.0),
            "forward": normal(1.0),
            "strike": normal(1.0),
            "expiry": uniform(0.01, 3.0),
            "rate": sometimes(uniform(-0.05, 0.05)),
            "option": one_code(0, 4),
        },
        {
            "price": {-1.0: "invalid", np.inf: "invalid"},
            "forward": NOT_FINITE,
            "strike": NOT_FINITE,
            "expiry": {0.0: "invalid", **NEGATIVE, np.inf: "invalid"},
            "rate": NOT_FINITE,
        },
    ),
    **dict.fromkeys(PROFILES, PROFILE),
    "leverage_steady_nav": Case(
        {
            "price": path,
            "leverage": uniform(-3.0, 3.0),
            "financing": sometimes(normal(1e-4)),
            "expense": sometimes(uniform(0.0, 1e-4)),
            "cost": sometimes(uniform(0.0, 1e-3)),
            "initial": lognormal(100.0, 0.1),
        },
        {"price": NO_PRICE},
    ),
    "leverage_nav": Case(
        {
            "price": path,
            "leverage": uniform(-3.0, 3.0),
            "schedule": flags,
            "financing": sometimes(normal(1e-4)),
            "expense": sometimes(uniform(0.0, 1e-4)),
            "cost": sometimes(uniform(0.0, 1e-3)),
            "initial": lognormal(100.0, 0.1),
        },
        {"price": NO_PRICE},
    ),
    "leverage_trigger_ratio": Case(
        {"leverage": uniform(1.5, 3.0), "bound": uniform(3.1, 5.0)},
        {"leverage": {0.0: "invalid", 1.0: "invalid", -3.0: "invalid"}, "bound": {0.0: "invalid", -1.0: "invalid"}},
    ),
    "leverage_actual_leverage": Case(
        {"leverage": uniform(-3.0, 3.0), "ratio": lognormal(1.0, 0.1)}, {"leverage": NOT_FINITE, "ratio": NO_PRICE}
    ),
    "leverage_rebalance_trade": Case(
        {"nav": lognormal(100.0, 0.1), "leverage": uniform(-3.0, 3.0), "ratio": lognormal(1.0, 0.1)},
        {"nav": NEGATIVE, "leverage": NOT_FINITE, "ratio": NO_PRICE},
    ),
    "leverage_rebalance_flow": Case(
        {"assets": lognormal(100.0, 0.1), "leverage": uniform(-3.0, 3.0), "return_": uniform(-0.3, 0.3)},
        {"assets": NEGATIVE, "leverage": NOT_FINITE, "return_": {-1.0: "invalid", np.inf: "invalid"}},
    ),
    "leverage_compounded_return": Case(
        {
            "return_": uniform(-0.9, 1.0),
            "leverage": uniform(-3.0, 3.0),
            "variance": uniform(0.0, 1.0),
            "rate": sometimes(uniform(-0.05, 0.15)),
            "expense": sometimes(uniform(0.0, 0.05)),
            "years": uniform(0.01, 3.0),
        },
        {
            "return_": {-1.0: "invalid", np.inf: "invalid"},
            "variance": {**NEGATIVE, np.inf: "invalid"},
            "years": {**NEGATIVE, np.inf: "invalid"},
        },
    ),
    "leverage_recentred_leverage": Case(
        {
            "actual": uniform(1.0, 3.0),
            "target": uniform(1.8, 2.2),
            "speed": uniform(0.0, 1.0),
            "low": uniform(1.5, 1.8),
            "high": uniform(2.2, 2.5),
        },
        {"actual": NOT_FINITE, "target": NOT_FINITE, "speed": {-0.1: "invalid", 1.1: "invalid"}},
    ),
    **dict.fromkeys(["leverage_power_transfer", "leverage_sigmoid_transfer"], POOLS),
    "leverage_volatility_drag": Case(
        {"leverage": uniform(-3.0, 3.0), "vol": uniform(0.05, 1.2), "years": uniform(0.01, 3.0)},
        {"vol": {**NEGATIVE, np.inf: "invalid"}, "years": {**NEGATIVE, np.inf: "invalid"}},
    ),
    "leverage_break_even_variance": Case(
        {"return_": uniform(-0.3, 0.3), "leverage": uniform(1.5, 3.0)},
        {"return_": {-1.0: "invalid", np.inf: "invalid"}, "leverage": {0.0: "invalid", 1.0: "invalid"}},
    ),
    "leverage_growth_optimal_leverage": Case(
        {"drift": normal(0.1), "rate": normal(0.05), "vol": uniform(0.05, 1.2)},
        {"vol": {0.0: "invalid", **NEGATIVE, np.inf: "invalid"}},
    ),
    "leverage_return_quantile": Case(
        {"probability": uniform(0.001, 0.999), **PRODUCT},
        {"probability": {0.0: "invalid", 1.0: "invalid", **NEGATIVE}, **PRODUCT_OUTSIDE},
    ),
    "leverage_return_probability": Case(
        {"return_": uniform(-0.9, 1.0), **PRODUCT},
        {"return_": {-1.0: "invalid", np.inf: "invalid"}, **PRODUCT_OUTSIDE},
    ),
    "funding_fair_price": Case(
        {
            "index": lognormal(100.0, 1.0),
            "premium_speed": uniform(20.0, 1095.0),
            "drift": normal(0.2),
            "interest": normal(0.1),
            "inverse": codes(2),
        },
        {"index": NO_PRICE},
    ),
    "funding_fair_premium": Case(
        {
            "drift": normal(0.3),
            "count": one_of(1095.0, 8760.0),
            "interest": sometimes(normal(1e-4), 1e-4),
            "clamp": sometimes(uniform(0.0, 1e-3), 5e-4),
            "on_mark": codes(2),
        },
        {"count": {0.0: "invalid", **NEGATIVE}, "clamp": NEGATIVE},
    ),
    "funding_payment": Case(
        {
            "quantity": normal(1000.0),
            "mark": lognormal(100.0, 1.0),
            "rate": normal(1e-3),
            "multiplier": one_of(1.0, 1e-6, 0.1),
            "inverse": codes(2),
        },
        {"mark": NO_PRICE},
    ),
    "funding_total": Case(
        {
            "quantity": normal(1000.0),
            "mark": lognormal(100.0, 1.0),
            "rate": normal(1e-3),
            "fx": sometimes(lognormal(100.0, 1.0), 1.0),
            "multiplier": one_of(1.0, 1e-6, 0.1),
            "inverse": codes(2),
        },
        {"mark": NO_PRICE},
    ),
    "funding_index": Case(
        {
            "mark": lognormal(100.0, 1.0),
            "rate": normal(1e-3),
            "multiplier": one_of(1.0, 1e-6, 0.1),
            "inverse": codes(2),
        },
        {"mark": NO_PRICE},
    ),
    "funding_rate": Case(
        {
            "premium": normal(1e-3),
            "interest": sometimes(normal(1e-4), 1e-4),
            "clamp": one_of(0.0, 0.0005, 0.00025),
            "cap": uniform(0.001, 0.01),
            "floor": uniform(-0.01, -0.001),
        },
        {"clamp": NEGATIVE, "cap": {-1.0: "invalid", -np.inf: "invalid"}, "floor": {1.0: "invalid", np.inf: "invalid"}},
    ),
    "funding_premium": Case(
        {
            "bid_impact": lognormal(100.0, 0.01),
            "ask_impact": lognormal(100.0, 0.01),
            "index": lognormal(100.0, 0.01),
            "mark": lognormal(100.0, 0.01),
            "basis": sometimes(normal(1e-4)),
        },
        {"index": NO_PRICE},
    ),
    "funding_average": Case(
        {"premium": normal(1e-3), "weight": uniform(0.5, 2.0)},
        {"weight": NEGATIVE},
    ),
    "funding_impact_price": Case(
        {
            "prices": lognormal(100.0, 0.01),
            "quantity": lognormal(10.0, 1.0),
            "notional": lognormal(3000.0, 1.0),
            "multiplier": one_of(1.0),
            "inverse": one_code(0),
        },
        {"notional": NO_PRICE},
    ),
    "liquidation_price": Case(
        POSITION,
        {"entry": NO_PRICE, "maintenance": FRACTION, "fee": FRACTION},
    ),
    "liquidation_first_breach": Case(
        {"mark": path, **AMOUNT},
        {
            "quantity": NOT_FINITE,
            "entry": NO_PRICE,
            "margin": NOT_FINITE,
            "amount": NOT_FINITE,
            "maintenance": FRACTION,
            "fee": FRACTION,
        },
    ),
    "liquidation_mean_entry": Case(
        {"quantity": normal(10.0), "price": path, "inverse": codes(2)},
        {"price": NO_PRICE, "quantity": NOT_FINITE},
    ),
    "liquidation_hedge": Case(
        {
            "mark": path,
            "fx": path,
            "quantity": normal(100.0),
            "fee": one_of(0.0, 0.0005),
            "multiplier": one_of(1e-6, 1.0),
        },
        {"mark": NO_PRICE, "fx": NO_PRICE, "fee": NEGATIVE},
    ),
}

# A table of two axes, spots and options, summed over one of them: no path.
TABLES = PROFILES
# What is said of a whole path by one number, and that number for no bars.
SUMMARIES = {
    "funding_total": 0.0,
    "funding_impact_price": np.nan,
    "liquidation_mean_entry": np.nan,
    "carry_cash_and_carry": np.nan,
}

# What has an answer only after a window of bars.
WINDOWED = ["carry_rolling_regression", "carry_rolling_regression_r2"]

# The families whose builds may differ by a few units in the last place; all others promise the same bits.
VECMATH = ["exp", "expm1", "log", "log1p", "erfc", "erfcx", "normal_cdf", "normal_pdf"]
FAST = [
    *VECMATH,
    *VANILLAS,
    *VANILLA_BINARIES,
    *IMPLIED,
    *BARRIERS,
    *BINARIES,
    *DOUBLES,
    *WATCHED,
    *DISCRETE,
    *EXTENDED,
    *(name for name in CASES if name.startswith("dealer_")),
]


def has_time(ufunc: np.ufunc) -> list[bool]:
    """For each argument, outputs included, whether it has an axis of its own, most often time."""
    if ufunc.signature is None:
        return [False] * ufunc.nargs
    return [bool(core) for core in ufunc.signature.replace("->", ",").replace("(", "").replace(")", "").split(",")]


def arguments(name: str, shape: tuple[int, ...], bars: int = 0, seed: int = 0) -> list[np.ndarray]:
    """Valid arguments: arrays of this shape, with a last axis of bars where the ufunc wants one."""
    random = np.random.default_rng([seed, *name.encode()])
    timed = has_time(ufuncs()[name])
    return [
        draw(random, (*shape, bars) if time else shape)
        for draw, time in zip(CASES[name].draw.values(), timed, strict=False)
    ]


def wild_arguments(name: str, shape: tuple[int, ...], bars: int = 0, seed: int = 0) -> list[np.ndarray]:
    """The same with a third of the numbers replaced by ones of any size, the domain's edges, NaN and infinities."""
    values = arguments(name, shape, bars, seed)
    random = np.random.default_rng([seed + 1, *name.encode()])
    special = np.array([0.0, -0.0, 1.0, -1.0, 100.0, np.nan, np.inf, -np.inf, 5e-324, 2.3e-308, 1.7e308])
    for array in values:
        if array.dtype == np.float64:
            sized = array * 10.0 ** random.uniform(-30.0, 30.0, array.shape) * random.choice([1.0, -1.0], array.shape)
            near = array * 10.0 ** random.uniform(-4.0, 4.0, array.shape)
            draws = random.random(array.shape)
            array[draws < 0.2] = near[draws < 0.2]
            array[draws < 0.05] = sized[draws < 0.05]
            array[draws < 0.02] = random.choice(special, int((draws < 0.02).sum()))
    return values
