"""Tables of exactness: worst errors by regime, against mpmath.

``python -m benches.accuracy`` prints them; mpmath and the twins of ``tests/oracle`` are what they are measured with.
"""

import argparse
import math
import sys
from pathlib import Path

import numpy as np

import shortgamma as sg
from benches.page import machine, with_tables
from benches.text import table

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

KINDS = ("down-in", "down-out", "up-in", "up-out")
OPTIONS = ("call", "put")
FLOOR = 0.01
"""Errors are relative to the number, or to this part of its natural size where the number is smaller."""

ORDINARY = {"distance": (0.01, 0.6), "vol": (0.1, 1.0), "expiry": (0.05, 3.0), "rates": (-0.05, 0.12)}
REGIMES = {
    "ordinary": {},
    "close": {"distance": (1e-9, 1e-3)},
    "far": {"distance": (0.6, 3.0)},
    "short": {"expiry": (1e-4, 0.02)},
    "long": {"expiry": (5.0, 50.0)},
    "low vol": {"vol": (0.01, 0.08)},
    "high vol": {"vol": (1.0, 5.0)},
    "odd rates": {"rates": (-0.2, 0.5)},
}
"""What differs from the ordinary: log-distance of the barrier, volatility and expiry evenly in their logarithms."""

DOUBLE_ORDINARY = {"reach": (0.03, 2.0), "width": (0.1, 1.0), "vol": (0.1, 1.0), "place": (0.02, 0.98)}
DOUBLE_REGIMES = {
    "images": {"reach": (0.03, 0.24)},
    "either": {"reach": (0.24, 0.34)},
    "eigenfunctions": {"reach": (0.34, 3.0)},
    "close": {"place": (1e-9, 1e-6)},
    "wide": {"width": (1.0, 4.0), "reach": (0.03, 1.0)},
    "narrow": {"width": (0.01, 0.1), "reach": (0.1, 3.0)},
    "low vol": {"vol": (0.02, 0.1), "width": (0.05, 0.3), "reach": (0.03, 0.6)},
}
"""Two barriers: vol sqrt(expiry) over ln(upper/lower), that logarithm, and how far up in it the spot lies."""
DOUBLE_KINDS = ("knock-in", "knock-out", "kiko", "koki")
HARD = ("narrow", "tails", "adversarial")
"""Where a closed form cancels: strike and barrier 1e-5 to 0.5 deviations apart on the far side of the spot; 3 to 20
deviations to the strike and to the barrier; everything at once, from 1e-12 of the spot to a hundred times it."""
DIGITS = 200
HARD_NAMES = ("price", "delta", "gamma", "vega")
NOTHING = 1e-100
"""Prices below this part of the spot are not compared, for the twins take differences as well."""


def vecmath_rows(count):
    """Rows of function, worst error in units in the last place, where it is, and that of each regime."""
    from oracle import vecmath

    errors = {}
    for name, regime, error in vecmath.worst_errors(count):
        errors.setdefault(name, {})[regime] = error
    rows = [("function", "worst error, ulp", "where", "all regimes")]
    for name, by_regime in errors.items():
        where = max(by_regime, key=by_regime.get)
        everywhere = ", ".join(f"{regime} {error:.2f}" for regime, error in by_regime.items())
        rows.append((name, f"{by_regime[where]:.2f}", where, everywhere))
    return rows


def draw(regime, count):
    """Living options of all types, half of them with a rebate."""
    ranges = ORDINARY | REGIMES[regime]
    random = np.random.default_rng([count, *regime.encode()])

    def spread(name):
        return np.exp(random.uniform(*map(math.log, ranges[name]), count))

    spot = 100.0 * np.exp(random.normal(0.0, 0.3, count))
    kind = random.choice(KINDS, count)
    side = np.where(np.char.startswith(kind, "up"), 1.0, -1.0)
    return {
        "spot": spot,
        "strike": spot * np.exp(random.normal(0.0, 0.25, count)),
        "barrier": spot * np.exp(side * spread("distance")),
        "vol": spread("vol"),
        "expiry": spread("expiry"),
        "rate": random.uniform(*ranges["rates"], count),
        "dividend": random.uniform(*ranges["rates"], count),
        "rebate": np.where(random.random(count) < 0.5, 0.0, random.uniform(0.0, 10.0, count)),
        "kind": kind,
        "option": random.choice(OPTIONS, count),
    }


def barrier_errors(regime, count):
    """Worst error of each output, and the option where it is."""
    from oracle.barrier import single as barrier

    options = draw(regime, count)
    results = sg.barrier.greeks(**options, order=2)
    errors = np.empty((len(barrier.NAMES), count))
    for i in range(count):
        option = {name: column[i].item() for name, column in options.items()}
        exact = barrier.outputs(**option, digits=50)
        scales = barrier.scales(option["spot"], option["vol"], option["expiry"])
        for j, (name, value, scale) in enumerate(zip(barrier.NAMES, exact, scales, strict=True)):
            # the difference in mpmath: as a double the exact value has an error of its own
            error = abs(getattr(results, name)[i].item() - value)
            errors[j, i] = float(error / max(abs(value), FLOOR * scale))
    return errors.max(axis=1), errors.argmax(axis=1), options


def barrier_rows(count):
    """Rows of output and its worst error in each regime."""
    columns = [barrier_errors(regime, count)[0] for regime in REGIMES]
    names = sg.barrier.BarrierGreeks._fields
    rows = [(name, *(f"{error:.0e}" for error in errors)) for name, *errors in zip(names, *columns, strict=True)]
    return [("output", *REGIMES), *rows]


def double_draw(regime, count):
    """Living options of all kinds with two barriers, half of them with a rebate."""
    ranges = DOUBLE_ORDINARY | DOUBLE_REGIMES[regime]
    random = np.random.default_rng([count, *regime.encode()])
    reach, width, vol = (
        np.exp(random.uniform(*map(math.log, ranges[name]), count)) for name in ("reach", "width", "vol")
    )
    spot, place = 100.0 * np.exp(random.normal(0.0, 0.3, count)), random.uniform(*ranges["place"], count)
    lower = spot * np.exp(-place * width)
    return {
        "spot": spot,
        "strike": lower * np.exp(width * random.uniform(-0.2, 1.2, count)),
        "lower": lower,
        "upper": spot * np.exp((1.0 - place) * width),
        "vol": vol,
        "expiry": (reach * width / vol) ** 2,
        "rate": random.uniform(-0.05, 0.12, count),
        "dividend": random.uniform(-0.05, 0.12, count),
        "rebate": np.where(random.random(count) < 0.5, 0.0, random.uniform(0.0, 10.0, count)),
        "kind": random.choice(DOUBLE_KINDS, count),
        "option": random.choice(OPTIONS, count),
        "rebate_at": random.choice(["hit", "expiry"], count),
    }


def double_errors(regime, count):
    """Worst error of each output with two barriers."""
    from oracle.barrier import double as double_barrier
    from oracle.barrier import single as barrier

    options = double_draw(regime, count)
    results = sg.barrier.double_greeks(**options, order=2)
    worst = np.zeros(len(barrier.NAMES))
    for i in range(count):
        option = {name: column[i].item() for name, column in options.items()}
        exact = double_barrier.outputs(**option, digits=90)
        scales = barrier.scales(option["spot"], option["vol"], option["expiry"])
        for j, (name, value, scale) in enumerate(zip(barrier.NAMES, exact, scales, strict=True)):
            error = abs(getattr(results, name)[i].item() - value)
            worst[j] = max(worst[j], float(error / max(abs(value), FLOOR * scale)))
    return worst


def double_rows(count):
    """Rows of output and its worst error in each regime, with two barriers."""
    columns = [double_errors(regime, count) for regime in DOUBLE_REGIMES]
    names = sg.barrier.BarrierGreeks._fields
    rows = [(name, *(f"{error:.0e}" for error in errors)) for name, *errors in zip(names, *columns, strict=True)]
    return [("two barriers", *DOUBLE_REGIMES), *rows]


def spread(random, low, high, count):
    return np.exp(random.uniform(math.log(low), math.log(high), count))


def hard_draw(regime, count):
    """Options without rebate."""
    from oracle.barrier import _adversary as adversary

    random = np.random.default_rng([count, *regime.encode()])
    up = random.random(count) < 0.5
    side = np.where(up, 1.0, -1.0)
    ends = random.choice(["in", "out"], count)
    if regime == "adversarial":
        up, values = adversary.single(count, 1)
    else:
        values = draw("ordinary", count)
        deviation = values["vol"] * np.sqrt(values["expiry"])
        if regime == "narrow":
            distance = spread(random, 1e-3, 2.0, count) * deviation
            away = side * (distance - spread(random, 1e-5, 0.5, count) * deviation)
            ends[:] = "out"
            values["option"] = np.where(up, "call", "put")
        else:
            distance = random.uniform(3.0, 20.0, count) * deviation
            away = random.uniform(3.0, 20.0, count) * random.choice([-1.0, 1.0], count) * deviation
        values |= {"strike": values["spot"] * np.exp(away), "barrier": values["spot"] * np.exp(side * distance)}
    kind = np.where(up, np.char.add("up-", ends), np.char.add("down-", ends))
    return values | {"rebate": np.zeros(count), "kind": kind}


def hard_double_draw(regime, count):
    """Options with two barriers, without rebate."""
    from oracle.barrier import _adversary as adversary

    random = np.random.default_rng([count, 2, *regime.encode()])
    if regime == "adversarial":
        values = adversary.double(20 * count, 1)
        width = np.log(values["upper"] / values["lower"])
        deviation = values["vol"] * np.sqrt(values["expiry"])
        drift = np.abs(values["rate"] - values["dividend"]) * values["expiry"]
        # what the twin can sum in a reasonable time
        few = (drift < 20.0 * width) & (deviation > 1e-4 * width) & (deviation < 5.0 * width)
        values = {name: column[few][:count] for name, column in values.items()}
        return values | {"kind": random.choice(["knock-in", "knock-out"], len(values["spot"]))}
    values = double_draw("images", count)
    deviation = values["vol"] * np.sqrt(values["expiry"])
    call = random.random(count) < 0.5
    if regime == "narrow":
        gap = spread(random, 1e-5, 0.5, count) * deviation
        end = spread(random, 1e-3, 2.0, count) * deviation
        values["spot"] = np.where(call, values["upper"] * np.exp(-end), values["lower"] * np.exp(end))
        values["strike"] = np.where(call, values["upper"] * np.exp(-gap), values["lower"] * np.exp(gap))
        kind = np.full(count, "knock-out")
    else:
        gap = random.uniform(3.0, 20.0, count) * deviation
        values["lower"] = values["spot"] * np.exp(-random.uniform(3.0, 20.0, count) * deviation)
        values["upper"] = values["spot"] * np.exp(random.uniform(3.0, 20.0, count) * deviation)
        values["strike"] = values["spot"] * np.exp(np.where(call, gap, -gap))
        kind = random.choice(["knock-in", "knock-out"], count)
    del values["rebate"], values["rebate_at"]
    return values | {"option": np.where(call, "call", "put"), "kind": kind}


def hard_errors(options, results, make, names, digits):
    """Worst errors of the outputs of names, relative to themselves or the price, and of the price relative to spot."""
    from mpmath import mp, mpf
    from oracle.barrier import single as barrier

    worst = np.zeros(len(names) + 1)
    for i in range(len(options["spot"])):
        one = {name: column[i].item() for name, column in options.items()}
        with mp.workdps(digits):
            market = [mpf(one[name]) for name in ("spot", "vol", "expiry", "rate", "dividend")]
            exact = barrier.derivatives(make(one), *market, names, digits)
            errors = [abs(getattr(results, name)[i].item() - value) for name, value in zip(names, exact, strict=True)]
            if exact[0] > NOTHING * one["spot"]:
                for j, (name, value) in enumerate(zip(names, exact, strict=True)):
                    size = max(abs(value), exact[0] / one["spot"] ** {"delta": 1, "gamma": 2}.get(name, 0))
                    worst[j] = max(worst[j], float(errors[j] / size))
        worst[-1] = max(worst[-1], float(errors[0]) / one["spot"])
    return [f"{error:.0e}" for error in worst]


def hard_rows(count):
    """Rows of regime, product, and worst errors."""
    from oracle.barrier import double as double_barrier
    from oracle.barrier import single as barrier

    def touch(touched, paid_at):
        return lambda one: barrier.Touch(one["barrier"], 1, one["kind"].startswith("up"), touched, "cash", paid_at)

    rows = []
    for regime in HARD:
        options = hard_draw(regime, count)
        market = {name: options[name] for name in ("spot", "barrier", "vol", "expiry", "rate", "dividend")}
        market["direction"] = np.where(np.char.startswith(options["kind"], "up"), "up", "down")
        for product, results, make in (
            (
                "option",
                sg.barrier.greeks(**options),
                lambda one: barrier.Option(one["strike"], one["barrier"], 0, one["kind"], one["option"]),
            ),
            ("one-touch, at the hit", sg.barrier.touch_greeks(**market, kind="one-touch"), touch(True, "hit")),
            (
                "no-touch",
                sg.barrier.touch_greeks(**market, kind="no-touch", paid_at="expiry"),
                touch(False, "expiry"),
            ),
        ):
            rows.append((regime, product, *hard_errors(options, results, make, HARD_NAMES, DIGITS)))
        options = hard_double_draw(regime, count)
        market = {name: options[name] for name in ("spot", "lower", "upper", "vol", "expiry", "rate", "dividend")}
        for product, results, make in (
            (
                "double option",
                sg.barrier.double_greeks(**options),
                lambda one: double_barrier.Double(
                    one["strike"], one["lower"], one["upper"], 0, one["kind"], one["option"]
                ),
            ),
            (
                "double no-touch",
                sg.barrier.double_touch_greeks(**market, kind="double-no-touch"),
                lambda one: double_barrier.Touch(one["lower"], one["upper"], 1, "no-touch", "expiry"),
            ),
        ):
            price, of_spot = hard_errors(options, results, make, HARD_NAMES[:1], DIGITS)
            rows.append((regime, product, price, *[""] * (len(HARD_NAMES) - 1), of_spot))
    return [("regime", "product", *HARD_NAMES, "price, of spot"), *rows]


def vanilla_rows(count):
    """Rows of output and worst error by regime of European options."""
    from mpmath import mpf
    from oracle import vanilla

    names = sg.vanilla.VanillaGreeks._fields
    columns = []
    for regime in vanilla.REGIMES:
        spot, strike, vol, expiry, rate, dividend, option = vanilla.draw(regime, count)
        terms = {"vol": vol, "expiry": expiry, "rate": rate, "dividend": dividend}
        found = np.array(sg.vanilla.greeks(spot, strike, **terms, option=option, order=2))
        sizes = np.array(vanilla.scales(spot, strike, **terms))
        worst = np.zeros(len(names))
        for place in range(count):
            market = spot[place], vol[place], expiry[place], rate[place], dividend[place]
            exact = vanilla.numbers(vanilla.Option(strike[place], option[place]), *market)
            errors = [abs(mpf(x) - exact[name]) for x, name in zip(found[:, place], names, strict=True)]
            worst = np.maximum(worst, np.array([float(error) for error in errors]) / sizes[:, place])
        columns.append(worst)
    rows = ((name, *(f"{column[i]:.0e}" for column in columns)) for i, name in enumerate(names))
    return [("European", *vanilla.REGIMES), *rows]


def implied_rows(count):
    """Rows of regime, and the errors of implied volatilities in units of what is attainable."""
    from oracle import vanilla

    rows = []
    for regime in ("adversarial", *vanilla.REGIMES):
        columns = vanilla.adversaries(count, 1) if regime == "adversarial" else vanilla.draw(regime, count, 1)
        spot, strike, vol, expiry, _, _, option = columns
        price = sg.vanilla.price(spot, strike, vol=vol, expiry=expiry, option=option)
        with np.errstate(all="ignore"):
            found = sg.vanilla.implied_vol(price, spot, strike, expiry=expiry, option=option)
            error, vega = vanilla.long_price_error(price, found, spot, strike, expiry, 0.0, 0.0, option)
            unit = np.maximum(np.spacing(found), np.spacing(price) / vega)
            told = (found > 0.0) & (unit < found / 50) & (price > 1e-280 * np.sqrt(spot * strike))
            units = (np.abs(error) / unit)[told].astype(np.float64)
        if units.size:
            rows.append((regime, *(f"{x:.2f}" for x in (np.median(units), np.quantile(units, 0.999), units.max()))))
    return [("implied volatility", "median", "99.9 %", "worst"), *rows]


def adversarial_rows(count):
    """Rows of product, what must hold, and how far it is missed, in units in the last place."""
    from oracle.barrier import _adversary as adversary

    rows = []
    for product, violations in adversary.RUNS.items():
        rows += [(product, rule, f"{missed:.1f}") for rule, missed in violations(count, 1).items()]
    return [("product", "rule", "worst"), *rows]


def main():
    parser = argparse.ArgumentParser(prog="python -m benches.accuracy", description=__doc__)
    parser.add_argument("--count", type=int, default=30, help="options of each regime, arguments in twenties")
    parser.add_argument("--adversaries", type=int, default=1_000_000, help="options that bounds are checked of")
    parser.add_argument("--markdown", action="store_true", help="print the tables as the README holds them")
    parser.add_argument("--write", metavar="PAGE", type=Path, help="put the tables into this page: docs/accuracy.md")
    options = parser.parse_args()
    if options.write and not options.write.is_file():
        parser.error(f"--write needs a page with the seven tables, there is no {options.write}")
    # their twins carry two hundred digits
    hard = (options.count + 1) // 2
    measured = [
        (vecmath_rows(20 * options.count), {0, 2, 3}),
        (barrier_rows(options.count), {0}),
        (double_rows(options.count), {0}),
        (vanilla_rows(options.count), {0}),
        (implied_rows(10_000 * options.count), {0}),
        (hard_rows(hard), {0, 1}),
        (adversarial_rows(options.adversaries), {0, 1}),
    ]
    config = sg.show_config("dict")
    if options.write:
        tables = [table(rows, left, markdown=True) for rows, left in measured]
        text = with_tables(options.write.read_text(encoding="utf-8"), tables, machine(config))
        options.write.write_text(text, encoding="utf-8")
    shown = ["\n".join(table(rows, left, options.markdown)) for rows, left in measured]
    print(f"""{shown[0]}

Worst error in units in the last place, of {20 * options.count} random arguments of each row.

{shown[1]}

{shown[2]}

{shown[3]}

Worst error of {options.count} European options of each column, relative to the largest of the terms that a number is
made of.

{shown[4]}

Of {10_000 * options.count:,} implied volatilities of each row, without rates, in units in the last place, or in what
such a unit of the price makes of the volatility where that is more.

{shown[5]}

Worst error of {hard} options of each row, relative to the number itself however small, or to the price in its
units where that is larger; and of the price relative to the spot.

{shown[6]}

Of {options.adversaries:,} adversarial options of each product: how many of the outputs are NaN, and by how many units
in the last place of what it is made of (the larger leg of the plain option, or the sure payment) a price is off.

Worst relative error, of {options.count} random options of each column, all types, half of them with a rebate. Where a
number is less than {FLOOR:g} of its natural size (spot for the price, 1 for delta, ...), it is relative to that.
{"cpu":10} {config["cpu"]}""")


if __name__ == "__main__":
    main()
