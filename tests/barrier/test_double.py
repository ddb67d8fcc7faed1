"""Double-barrier options and touches."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mpmath import mpf
from oracle.barrier import _adversary as adversary
from oracle.barrier import double as oracle
from oracle.barrier.single import NAMES, scales
from published import numbers, rows
from wrong import refused

import shortgamma as sg
from shortgamma.barrier import (
    BarrierGreeks,
    double_greeks,
    double_price,
    double_touch_greeks,
    double_touch_price,
    greeks,
    price,
    touch_price,
)

KINDS = ("knock-in", "knock-out", "kiko", "koki")
TOUCHES = ("double-no-touch", "double-touch", "kiko", "koki")
OPTIONS = ("call", "put")


def market_of(row):
    names = ("spot", "barrier_lo", "barrier_hi", "vol", "t_act360" if "t_act360" in row else "t", "r_cont", "q_cont")
    spot, lower, upper, vol, expiry, rate, dividend = numbers(row, *names)
    return {
        "spot": spot,
        "lower": lower,
        "upper": upper,
        "vol": vol,
        "expiry": expiry,
        "rate": rate,
        "dividend": dividend,
    }


class TestPublished:
    @pytest.mark.parametrize("row", rows("haug_double_barrier"), ids=lambda row: row["row"])
    def test_haug_options(self, row):
        value = double_price(
            **market_of(row),
            strike=float(row["strike"]),
            rebate=float(row["rebate"]),
            kind=row["barrier_type"].replace("_", "-"),
            option=row["option_type"],
        )
        assert abs(float(value) - float(row["expected"])) <= float(row["tol"])

    @pytest.mark.parametrize("row", rows("haug_double_binary"), ids=lambda row: row["row"])
    def test_haug_touches(self, row):
        kind = {"knock_out": "double-no-touch", "knock_in": "double-touch"}.get(
            row["barrier_type"], row["barrier_type"]
        )
        # that program does not discount a touch that happened before, which is a payment at the hit
        hit = row["payment"] != "at_expiry" or row["source"] == "degenerate"
        value = double_touch_price(
            **market_of(row), amount=float(row["cash"]), kind=kind, paid_at="hit" if hit else "expiry"
        )
        assert abs(float(value) - float(row["expected"])) <= float(row["tol"])

    @pytest.mark.parametrize("row", rows("mp_reference_double_greeks"), ids=lambda row: row["row"])
    def test_twenty_digits(self, row):
        market = market_of(row)
        if row["kind"].startswith("dnt"):
            unit, result = 1.0, double_touch_greeks(**market, kind="double-no-touch", order=2)
        else:
            kind, option = row["kind"].split("_")
            kind = {"ko": "knock-out", "ki": "knock-in"}[kind]
            unit = market["spot"]
            result = double_greeks(**market, strike=float(row["strike"]), kind=kind, option=option, order=2)
        for name, scale in zip(NAMES, scales(market["spot"], market["vol"], market["expiry"]), strict=True):
            expected = row.get("rho_q" if name == "rho_dividend" else name)
            if expected is not None:
                error = abs(float(getattr(result, name)) - float(expected))
                assert error <= max(1e-13 * abs(float(expected)), 1e-14 * scale / market["spot"] * unit), name

    @pytest.mark.parametrize("row", rows("double_series_convergence"), ids=lambda row: row["sigma_sqrtT_over_lnUL"][:6])
    def test_where_either_series_is_slow(self, row):
        market = market_of(row)
        for value, expected in (
            (
                double_price(**market, strike=float(row["strike"]), kind="knock-out", option="call"),
                row["KO_call_price_20digits"],
            ),
            (double_touch_price(**market, kind="double-no-touch"), row["DNT_unit_cash_at_expiry_20digits"]),
        ):
            assert float(value) == pytest.approx(float(expected), rel=1e-12, abs=1e-300)


def draw(random, reach=(0.03, 3.0), width=(0.05, 1.0), vol=(0.08, 1.0), rates=(-0.06, 0.12), place=(0.02, 0.98)):
    """A living option; reach is vol sqrt(expiry) over the width of the corridor."""
    spot = 100.0 * math.exp(random.normal(0.0, 0.3))
    w, part = math.exp(random.uniform(*np.log(width))), random.uniform(*place)
    lower, upper = spot * math.exp(-part * w), spot * math.exp((1.0 - part) * w)
    sigma = math.exp(random.uniform(*np.log(vol)))
    return {
        "spot": spot,
        "strike": lower * math.exp(w * random.uniform(-0.2, 1.2)),
        "lower": lower,
        "upper": upper,
        "vol": sigma,
        "expiry": (math.exp(random.uniform(*np.log(reach))) * w / sigma) ** 2,
        "rate": random.uniform(*rates),
        "dividend": random.uniform(*rates),
    }


def without_strike(values):
    return {name: value for name, value in values.items() if name != "strike"}


def assert_close(result, exact, values, relative=1e-11, absolute=1e-13):
    for name, value, scale in zip(NAMES, exact, scales(values["spot"], values["vol"], values["expiry"]), strict=True):
        error = abs(float(mpf(float(getattr(result, name))) - value))
        assert error <= max(relative * abs(float(value)), absolute * scale), name


REGIMES = {
    "images": {"reach": (0.03, 0.24)},
    "either": {"reach": (0.24, 0.333), "rates": (-0.1, 0.4)},
    "eigenfunctions": {"reach": (0.334, 3.0)},
    "wide": {"width": (1.0, 5.0), "reach": (0.03, 1.0)},
    "narrow": {"width": (1e-4, 1e-2), "reach": (0.1, 3.0)},
    "at a barrier": {"place": (1e-9, 1e-6)},
    "low vol": {"vol": (0.02, 0.08)},
}


class TestAgainstMpmath:
    def test_the_series_agree_with_an_integral(self):
        point = tuple(map(mpf, ("103", "0.3", "0.4", "-0.03", "0.02")))
        for rebate_at in ("hit", "expiry"):
            ways = [
                oracle.Double(100, 90, 120, 3, "knock-out", "put", rebate_at, series).price(*point)
                for series in oracle.SUMS
            ]
            ways.append(oracle.Double(100, 90, 120, 3, "knock-out", "put", rebate_at).by_quadrature(*point))
            assert max(ways) - min(ways) < 1e-12

    @pytest.mark.parametrize("regime", REGIMES)
    @pytest.mark.parametrize("kind", KINDS)
    def test_options(self, regime, kind):
        random = np.random.default_rng([*regime.encode(), *kind.encode()])
        for i in range(3):
            values = draw(random, **REGIMES[regime])
            option, rebate_at = OPTIONS[i % 2], ("hit", "expiry")[int(random.integers(2))]
            rebate = (0.0, random.uniform(0.0, 10.0))[int(random.integers(2))]
            result = double_greeks(**values, rebate=rebate, kind=kind, option=option, rebate_at=rebate_at, order=2)
            exact = oracle.outputs(**values, rebate=rebate, kind=kind, option=option, rebate_at=rebate_at)
            assert_close(result, exact, values)

    @pytest.mark.parametrize("regime", REGIMES)
    @pytest.mark.parametrize("kind", TOUCHES)
    @pytest.mark.parametrize("paid_at", ["hit", "expiry"])
    def test_touches(self, regime, kind, paid_at):
        random = np.random.default_rng([*regime.encode(), *kind.encode(), *paid_at.encode()])
        values = without_strike(draw(random, **REGIMES[regime]))
        result = double_touch_greeks(**values, kind=kind, paid_at=paid_at, order=2)
        exact = oracle.touch_outputs(**values, amount=1.0, kind=kind.replace("double-no", "no"), paid_at=paid_at)
        assert_close(result, exact, values)

    @pytest.mark.parametrize("reach", [(0.03, 0.24), (0.24, 0.333), (0.334, 3.0)])
    @pytest.mark.parametrize("seed", range(6))
    def test_negative_rates(self, reach, seed):
        random = np.random.default_rng([seed, int(reach[0] * 1000)])
        values = without_strike(draw(random, reach=reach, rates=(-0.3, -0.1)))
        # without a drift of the logarithm the rate alone decides
        values["dividend"] = values["rate"] - 0.5 * values["vol"] ** 2
        kind = TOUCHES[1 + seed % 3]
        result = double_touch_greeks(**values, kind=kind, order=2)
        exact = oracle.touch_outputs(**values, amount=1.0, kind=kind, paid_at="hit")
        assert_close(result, exact, values)

    @pytest.mark.parametrize("rate", [0.0, 1e-12, -1e-12, 1e-6, -1e-6])
    @pytest.mark.parametrize("expiry", [0.01, 2.0])
    def test_no_drift_and_hardly_a_rate(self, rate, expiry):
        values = {"spot": 100.0, "lower": 90.0, "upper": 115.0, "vol": 0.25, "expiry": expiry, "rate": rate}
        values["dividend"] = rate - 0.5 * values["vol"] ** 2
        result = double_touch_greeks(**values, kind="double-touch", order=2)
        exact = oracle.touch_outputs(**values, amount=1.0, kind="double-touch", paid_at="hit")
        assert_close(result, exact, values)

    @pytest.mark.parametrize("n", [1, 2])
    def test_a_rate_at_which_the_stationary_value_is_infinite(self, n):
        # kappa = -(n pi/w)^2
        width, vol = math.log(115.0 / 90.0), 0.25
        rate = -0.5 * (n * math.pi / width * vol) ** 2
        values = {"spot": 100.0, "lower": 90.0, "upper": 115.0, "vol": vol, "expiry": 0.3, "rate": rate}
        values["dividend"] = rate - 0.5 * vol**2
        for kind in ("kiko", "koki"):
            result = double_touch_greeks(**values, kind=kind, order=2)
            exact = oracle.touch_outputs(**values, amount=1.0, kind=kind, paid_at="hit")
            assert_close(result, exact, values, relative=3e-11)


def batch(random, count):
    """Adversarial options: every size of distance, width, vol, time and rate."""
    spot = 100.0 * np.exp(random.normal(0.0, 1.0, count))
    below, above = 10.0 ** random.uniform(-12, 2, (2, count))
    return {
        "spot": spot,
        "strike": spot * np.exp(random.choice([0.01, 0.3, 3.0], count) * random.standard_normal(count)),
        "lower": spot / (1.0 + below),
        "upper": spot * (1.0 + above),
        "vol": 10.0 ** random.uniform(-4, math.log10(5), count),
        "expiry": 10.0 ** random.uniform(-6, math.log10(50), count),
        "rate": random.uniform(-0.2, 0.5, count),
        "dividend": random.uniform(-0.2, 0.5, count),
    }


def vanilla(values, option):
    """A knock-in whose barrier was hit."""
    return price(**{**values, "barrier": 2.0 * values["spot"]}, kind="down-in", option=option)


class TestIdentities:
    @given(seed=st.integers(0, 10_000), option=st.sampled_from(OPTIONS))
    def test_in_and_out_are_the_plain_option(self, seed, option):
        values = draw(np.random.default_rng(seed), width=(0.2, 1.0))
        parts = [double_greeks(**values, kind=kind, option=option, order=2) for kind in ("knock-in", "knock-out")]
        strike, rest = values.pop("strike"), values
        rest = {name: value for name, value in rest.items() if name not in ("lower", "upper")}
        plain = greeks(**rest, strike=strike, barrier=2.0 * rest["spot"], kind="down-in", option=option, order=2)
        for i, scale in enumerate(scales(rest["spot"], rest["vol"], rest["expiry"])):
            terms = abs(float(parts[0][i])) + abs(float(parts[1][i]))
            assert float(parts[0][i] + parts[1][i]) == pytest.approx(float(plain[i]), abs=1e-11 * terms + 1e-11 * scale)

    @given(seed=st.integers(0, 10_000))
    def test_touches_make_a_certain_payment(self, seed):
        values = without_strike(draw(np.random.default_rng(seed)))
        never, either, low, high = (double_touch_price(**values, kind=kind, paid_at="expiry") for kind in TOUCHES)
        discount = math.exp(-values["rate"] * values["expiry"])
        assert float(never + either) == pytest.approx(discount, rel=1e-14)
        assert float(never + low + high) == pytest.approx(discount, rel=1e-13)
        either, low, high = (double_touch_price(**values, kind=kind) for kind in TOUCHES[1:])
        assert float(low + high) == pytest.approx(float(either), rel=1e-14)

    @given(seed=st.integers(0, 10_000), kind=st.sampled_from(KINDS), rebate_at=st.sampled_from(["hit", "expiry"]))
    def test_a_rebate_is_a_touch(self, seed, kind, rebate_at):
        values = draw(np.random.default_rng(seed))
        with_it, without = (
            float(double_price(**values, rebate=rebate, kind=kind, option="put", rebate_at=rebate_at))
            for rebate in (7.0, 0.0)
        )
        rest = without_strike(values)
        if kind.startswith("knock"):
            touch = "double-touch" if kind == "knock-out" else "double-no-touch"
            value = double_touch_price(**rest, amount=7.0, kind=touch, paid_at=rebate_at)
        else:
            lower, upper = rest.pop("lower"), rest.pop("upper")
            value = touch_price(
                **rest, barrier=upper if kind == "kiko" else lower, amount=7.0, kind="one-touch", paid_at=rebate_at
            )
        assert float(value) == pytest.approx(with_it - without, abs=1e-14 * with_it + 2e-13 * values["spot"])

    @given(seed=st.integers(0, 10_000), option=st.sampled_from(OPTIONS), rebate=st.sampled_from([0.0, 5.0]))
    def test_a_barrier_far_away_is_none(self, seed, option, rebate):
        # not so much time that a rebate at the far one counts
        values = draw(np.random.default_rng(seed), reach=(0.03, 1.0), width=(0.05, 0.5), vol=(0.15, 1.0))
        scale = scales(values["spot"], values["vol"], values["expiry"])
        lower, upper = values.pop("lower"), values.pop("upper")
        for far, near, kind in ((1e18, lower, "down"), (1e-18, upper, "up")):
            for how in ("in", "out"):
                one = greeks(**values, barrier=near, rebate=rebate, kind=f"{kind}-{how}", option=option, order=2)
                two = double_greeks(
                    **values,
                    lower=min(near, far),
                    upper=max(near, far),
                    rebate=rebate,
                    kind=f"knock-{how}",
                    option=option,
                    order=2,
                )
                for i, name in enumerate(NAMES):
                    # over all seeds 1.5e-11 of speed and color, in the shortest lives, and 3e-12 of the others
                    bound = 2e-11 if name in ("speed", "color") else 1e-11
                    assert float(two[i]) == pytest.approx(float(one[i]), rel=1e-11, abs=bound * scale[i]), name

    @given(seed=st.integers(0, 10_000), option=st.sampled_from(OPTIONS))
    def test_kiko_is_the_outer_barrier_less_the_corridor(self, seed, option):
        values = draw(np.random.default_rng(seed), width=(0.2, 1.0))
        scale = scales(values["spot"], values["vol"], values["expiry"])
        corridor = double_greeks(**values, kind="knock-out", option=option, order=2)
        single = {name: value for name, value in values.items() if name not in ("lower", "upper")}
        for kind, outer, barrier in (("kiko", "up-out", "upper"), ("koki", "down-out", "lower")):
            both = double_greeks(**values, kind=kind, option=option, order=2)
            one = greeks(**single, barrier=values[barrier], kind=outer, option=option, order=2)
            for i in range(14):
                terms = abs(float(one[i])) + abs(float(corridor[i]))
                assert float(both[i] + corridor[i]) == pytest.approx(
                    float(one[i]), abs=1e-11 * terms + 1e-11 * scale[i]
                )

    @given(seed=st.integers(0, 10_000))
    def test_put_call_symmetry(self, seed):
        values = draw(np.random.default_rng(seed))
        spot, strike = values["spot"], values["strike"]
        mirrored = values | {
            "strike": spot * spot / strike,
            "lower": spot * spot / values["upper"],
            "upper": spot * spot / values["lower"],
            "rate": values["dividend"],
            "dividend": values["rate"],
        }
        for kind, other in (("knock-out", "knock-out"), ("knock-in", "knock-in"), ("kiko", "koki")):
            call_, put = (
                double_price(**values, kind=kind, option="call"),
                double_price(**mirrored, kind=other, option="put"),
            )
            assert float(call_) == pytest.approx(strike / spot * float(put), rel=1e-11, abs=2e-13 * spot)

    def test_adversarial_options_stay_in_bounds(self):
        random = np.random.default_rng(11)
        values = batch(random, 20_000)
        discount = np.exp(-values["rate"] * values["expiry"])
        with np.errstate(all="raise"):
            for option in OPTIONS:
                plain = vanilla({k: v for k, v in values.items() if k not in ("lower", "upper")}, option)
                largest = np.maximum(values["spot"] * np.exp(-values["dividend"] * values["expiry"]), plain)
                largest = np.maximum(largest, values["strike"] * discount)
                found = {kind: double_price(**values, kind=kind, option=option) for kind in KINDS}
                for kind, value in found.items():
                    assert (value >= 0.0).all(), kind
                    assert (value <= plain + 2e-15 * largest).all(), kind
                for kind in KINDS:
                    for rebate_at in ("hit", "expiry"):
                        result = double_greeks(
                            **values, rebate=3.0, kind=kind, option=option, rebate_at=rebate_at, order=2
                        )
                        for name in BarrierGreeks._fields:
                            assert not np.isnan(getattr(result, name)).any(), (kind, option, rebate_at, name)
            for kind in TOUCHES:
                for paid_at in ("hit", "expiry"):
                    value = double_touch_price(**without_strike(values), kind=kind, paid_at=paid_at)
                    most = discount if paid_at == "expiry" or kind == "double-no-touch" else np.maximum(discount, 1.0)
                    assert (value >= 0.0).all()
                    assert (value <= most * (1.0 + 1e-12)).all(), (kind, paid_at)

    @pytest.mark.parametrize("run", ["double options", "double touches"])
    def test_adversaries(self, run):
        with np.errstate(invalid="raise", divide="raise"):
            for rule, missed in adversary.RUNS[run](50_000, 3).items():
                assert missed <= (0 if rule == "NaN" else 4.0), rule


MARKET = {"vol": 0.3, "expiry": 2.0, "rate": 0.05, "dividend": 0.02}


class TestEdges:
    @pytest.mark.parametrize("spot", [70.0, 80.0, 120.0, 130.0])
    @pytest.mark.parametrize("option", OPTIONS)
    def test_knocked(self, spot, option):
        corridor = {"strike": 100.0, "lower": 80.0, "upper": 120.0, "option": option, "rebate": 3.0}
        out = double_price(spot, **corridor, **MARKET, kind="knock-out")
        assert out == 3.0
        late = double_price(spot, **corridor, **MARKET, kind="knock-out", rebate_at="expiry")
        assert float(late) == pytest.approx(3.0 * math.exp(-0.1), rel=1e-15)
        plain = float(price(spot, 100.0, 2.0 * spot, **MARKET, kind="down-in", option=option))
        assert float(double_price(spot, **corridor, **MARKET, kind="knock-in")) == pytest.approx(plain, rel=1e-15)
        for kind, outer, barrier in (("kiko", "up-out", 120.0), ("koki", "down-out", 80.0)):
            expected = price(spot, 100.0, barrier, **MARKET, rebate=3.0, kind=outer, option=option)
            found = double_price(spot, **corridor, **MARKET, kind=kind)
            assert float(found) == pytest.approx(float(expected), rel=1e-14), kind

    @pytest.mark.parametrize("spot", [80.0, 120.0])
    @pytest.mark.parametrize("kind", KINDS)
    def test_greeks_at_a_barrier_are_those_of_the_living_side(self, spot, kind):
        inside = spot * (1.0 + (1e-9 if spot == 80.0 else -1e-9))
        arguments = {
            "strike": 95.0,
            "lower": 80.0,
            "upper": 120.0,
            "rebate": 3.0,
            "kind": kind,
            "option": "put",
            "order": 2,
        }
        at, near = double_greeks(spot, **arguments, **MARKET), double_greeks(inside, **arguments, **MARKET)
        for name in BarrierGreeks._fields[1:]:
            value = float(getattr(near, name))
            assert float(getattr(at, name)) == pytest.approx(value, rel=1e-5, abs=1e-5), name
        assert float(at.price) == pytest.approx(float(near.price), rel=1e-6)

    @pytest.mark.parametrize(("spot", "first", "second"), [(80.0, 1.0, 0.0), (70.0, 1.0, 0.0), (125.0, 0.0, 1.0)])
    def test_touched(self, spot, first, second):
        arguments = {"lower": 80.0, "upper": 120.0, **MARKET}
        assert double_touch_price(spot, **arguments, kind="double-no-touch") == 0.0
        assert double_touch_price(spot, **arguments, kind="double-touch") == 1.0
        assert double_touch_price(spot, **arguments, kind="kiko") == first
        assert double_touch_price(spot, **arguments, kind="koki") == second
        late = double_touch_price(spot, **arguments, kind="kiko", paid_at="expiry")
        assert float(late) == pytest.approx(first * math.exp(-0.1))

    def test_no_time(self):
        corridor = {"lower": 80.0, "upper": 120.0, "vol": 0.3, "expiry": 0.0, "rate": 0.05, "option": "call"}
        assert double_price(105.0, 100.0, **corridor, kind="knock-out") == 5.0
        assert double_price(105.0, 100.0, **corridor, kind="knock-in", rebate=3.0) == 3.0
        assert double_price(105.0, 100.0, **corridor, kind="kiko", rebate=3.0) == 0.0
        assert double_touch_price(105.0, 80.0, 120.0, vol=0.3, expiry=0.0, kind="double-no-touch") == 1.0
        assert double_touch_price(105.0, 80.0, 120.0, vol=0.3, expiry=0.0, kind="double-touch") == 0.0

    def test_certain_paths(self):
        # 100 e^(-0.1 t) falls to 95 at t = -10 ln 0.95, and never rises
        arguments = {"vol": 0.0, "expiry": 1.0, "rate": 0.05, "dividend": 0.15}
        moment = -10.0 * math.log(0.95)
        paid = math.exp(-0.05 * moment)
        end = 100.0 * math.exp(-0.1)
        value = (98.0 - end) * math.exp(-0.05)
        for kind, expected in (("knock-out", 3.0 * paid), ("knock-in", value), ("kiko", value), ("koki", 3.0 * paid)):
            found = double_price(100.0, 98.0, 95.0, 105.0, **arguments, kind=kind, option="put", rebate=3.0)
            assert float(found) == pytest.approx(expected, rel=1e-14), kind
        for kind, expected in (
            ("knock-out", value),
            ("knock-in", 3.0 * math.exp(-0.05)),
            ("kiko", 0.0),
            ("koki", 0.0),
        ):
            found = double_price(100.0, 98.0, 80.0, 105.0, **arguments, kind=kind, option="put", rebate=3.0)
            assert float(found) == pytest.approx(expected, rel=1e-14), kind
        for kind, expected in zip(TOUCHES, (0.0, paid, paid, 0.0), strict=True):
            assert float(double_touch_price(100.0, 95.0, 105.0, **arguments, kind=kind)) == pytest.approx(expected)

    def test_a_certain_path_is_the_limit(self):
        values = {"spot": 100.0, "strike": 98.0, "lower": 95.0, "upper": 105.0, "rate": 0.05, "dividend": 0.15}
        for kind in KINDS:
            limit, near = (
                double_price(**values, vol=vol, expiry=1.0, kind=kind, option="put", rebate=3.0) for vol in (0.0, 1e-4)
            )
            assert float(near) == pytest.approx(float(limit), rel=1e-5, abs=1e-9), kind

    @pytest.mark.parametrize("name", ["spot", "strike", "lower", "upper"])
    @pytest.mark.parametrize("value", [-1.0, 0.0, math.inf])
    def test_out_of_domain(self, name, value):
        arguments = {"spot": 100.0, "strike": 100.0, "lower": 80.0, "upper": 120.0, "vol": 0.3, "expiry": 1.0}
        arguments[name] = value
        with np.errstate(invalid="raise"), pytest.raises(FloatingPointError):
            double_price(**arguments, kind="knock-out", option="put")
        with np.errstate(invalid="ignore"):
            assert all(math.isnan(part) for part in double_greeks(**arguments, kind="knock-out", option="put", order=2))

    def test_barriers_the_wrong_way_round(self):
        with np.errstate(invalid="raise"), pytest.raises(FloatingPointError):
            double_price(100.0, 100.0, 120.0, 80.0, vol=0.3, expiry=1.0, kind="knock-out", option="put")
        with np.errstate(invalid="ignore"):
            assert math.isnan(double_touch_price(100.0, 100.0, 100.0, vol=0.3, expiry=1.0, kind="double-no-touch"))

    def test_arrays(self):
        spot = np.linspace(85.0, 115.0, 9)
        kinds = [["knock-out"], ["kiko"]]
        result = double_greeks(spot, 100.0, [[80.0], [84.0]], 120.0, vol=0.3, expiry=1.0, kind=kinds, option="put")
        assert all(part.shape == (2, 9) for part in result[:7])
        assert all(part is None for part in result[7:])
        again = double_greeks(
            spot, 100.0, [[80.0], [84.0]], 120.0, vol=0.4, expiry=1.0, kind=kinds, out=result, option="put"
        )
        assert again.price is result.price
        for i in range(9):
            assert again.price[1, i] == double_price(
                spot[i], 100.0, 84.0, 120.0, vol=0.4, expiry=1.0, kind="kiko", option="put"
            )

    def test_an_element_knows_no_neighbours(self):
        random = np.random.default_rng(3)
        values = [draw(random, reach=(0.03, 3.0)) for _ in range(200)]
        columns = {name: np.array([one[name] for one in values]) for name in values[0]}
        code = random.choice(KINDS, 200)
        together = double_greeks(**columns, kind=code, option="put", rebate=3.0, order=2)
        for i in range(0, 200, 9):
            alone = double_greeks(**values[i], kind=str(code[i]), option="put", rebate=3.0, order=2)
            assert all(one[i] == other for one, other in zip(together, alone, strict=True))


WRONG_CALLS = [
    (
        lambda: double_price(1.0, 1.0, 0.5, 2.0, vol=0.3, expiry=1.0, kind="out", option="put"),
        ValueError,
        "kind must be one of 'knock-in', 'knock-out', 'kiko', 'koki', got 'out'",
    ),
    (
        lambda: double_price(1.0, 1.0, 0.5, 2.0, vol=0.3, expiry=1.0, option=["put", "both"], kind="knock-out"),
        ValueError,
        "option[1] must be one of 'call', 'put', got 'both'",
    ),
    (
        lambda: double_price(1.0, 1.0, 0.5, 2.0, vol=0.3, expiry=1.0, rebate_at="end", kind="knock-out", option="put"),
        ValueError,
        "rebate_at must be one of 'hit', 'expiry', got 'end'",
    ),
    (
        lambda: double_touch_price(1.0, 0.5, 2.0, vol=0.3, expiry=1.0, kind="one-touch"),
        ValueError,
        "kind must be one of 'double-no-touch', 'double-touch', 'kiko', 'koki', got 'one-touch'",
    ),
    (
        lambda: double_touch_price(1.0, 0.5, 2.0, vol=0.3, expiry=1.0, paid_at=1, kind="double-no-touch"),
        TypeError,
        "paid_at must be a string or an array of strings, got int",
    ),
    (
        lambda: double_price(1.0, 1.0, "low", 2.0, vol=0.3, expiry=1.0, kind="knock-out", option="put"),
        TypeError,
        "lower must be a number or an array of numbers, got 'low'",
    ),
    (
        lambda: double_touch_price(1.0, 0.5, 2.0, vol=0.3, expiry=1.0, amount=None, kind="double-no-touch"),
        TypeError,
        "amount must be a number or an array of numbers, got None",
    ),
    (
        lambda: double_price(np.ones(2), 1.0, 0.5, np.ones(3), vol=0.3, expiry=1.0, kind="knock-out", option="put"),
        ValueError,
        "upper of shape (3,) does not broadcast with spot of shape (2,)",
    ),
    (
        lambda: double_greeks(1.0, 1.0, 0.5, 2.0, vol=0.3, expiry=1.0, order=3, kind="knock-out", option="put"),
        ValueError,
        "order must be 1 or 2, got 3",
    ),
    (
        lambda: double_touch_greeks(
            1.0, 0.5, 2.0, vol=0.3, expiry=1.0, order=2, out=(1.0,) * 7, kind="double-no-touch"
        ),
        ValueError,
        "out must hold 14 arrays, got 7",
    ),
]


test_wrong_calls_say_what_is_wrong = refused(WRONG_CALLS)


def test_they_stand_in_the_package():
    assert {"double_price", "double_greeks", "double_touch_price", "double_touch_greeks"} <= set(sg.barrier.__all__)
