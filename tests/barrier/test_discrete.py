"""Barrier options watched on dates: the moved barrier, and the exact recursion."""

import csv
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mpmath import mp, mpf
from oracle.barrier import discrete as oracle
from oracle.barrier import single as continuous

import shortgamma as sg
from shortgamma.barrier import discrete_greeks, discrete_price

BETA = 0.5825971579390106702
with (Path(__file__).parents[1] / "data" / "barrier_discrete_reference.csv").open(
    encoding="utf-8", newline=""
) as _file:
    ROWS = list(csv.DictReader(_file))
KINDS = [(kind, option) for kind in ("down-in", "down-out", "up-in", "up-out") for option in ("call", "put")]


def option_of(row):
    spot, strike, vol, expiry = (float(row[name]) for name in ("spot", "strike", "vol", "t"))
    lower, upper = float(row["lower_barrier"] or 0.0), float(row["upper_barrier"] or math.inf)
    terms = {"rate": float(row["r_cont"]), "dividend": float(row["q_cont"]), "monitoring": int(row["n_monitor_m"])}
    return (spot, strike, lower, upper), {**terms, "vol": vol, "expiry": expiry, "option": row["option_type"]}


class TestPublished:
    @pytest.mark.parametrize("row", ROWS, ids=lambda row: row["row"])
    def test_two_resolutions_of_a_recursion(self, row):
        values, terms = option_of(row)
        out = discrete_greeks(*values, **terms, kind="knock-out")
        for name in ("price", "delta", "gamma"):
            # the table has thirteen digits; the gamma of its last row is that of a plain option
            assert float(getattr(out, name)) == pytest.approx(float(row[f"ko_{name}"]), rel=2e-12, abs=1e-11), name
        inside = discrete_price(*values, **terms, kind="knock-in")
        assert float(inside) == pytest.approx(float(row["ki_price_by_parity"]), rel=2e-12, abs=1e-11)

    @pytest.mark.parametrize("row", [row for row in ROWS if row["published_value"]], ids=lambda row: row["row"])
    def test_printed_values(self, row):
        values, terms = option_of(row)
        printed = row["published_value"]
        digits = len(printed.partition(".")[2])
        # the trinomial tree behind the printed value of row 12 (H = 96) is known to be 1.4e-3 off
        tolerance = 1.5e-3 if row["row"] == "12" else 1.01 * 10.0**-digits
        assert abs(float(discrete_price(*values, **terms, kind="knock-out")) - float(printed)) < tolerance

    def test_the_moved_barrier_of_broadie_glasserman_and_kou(self):
        # their table: down-and-out call, m = 50; corrected prices are good to three decimals
        barrier = np.array([85.0, 87.0, 88.0, 90.0, 91.0, 93.0, 94.0])
        printed = [6.322, 6.281, 6.242, 6.098, 5.977, 5.584, 5.288]
        value = sg.barrier.price(
            100.0, 100.0, barrier, vol=0.3, expiry=0.2, rate=0.1, kind="down-out", option="call", monitoring=50
        )
        np.testing.assert_allclose(value, printed, atol=1.2e-3)


def moved(one, values, dates, up):
    """The price by the moved barrier, as a function of the market, the step between dates staying what it is."""
    step = mpf(values["expiry"]) / dates

    def price(spot, vol, expiry, rate, dividend):
        level = mpf(values["barrier"]) * mp.exp((1 if up else -1) * mpf(BETA) * vol * mp.sqrt(step))
        kind = ("up" if up else "down") + ("-out" if one.out else "-in")
        option = "call" if one.call else "put"
        at = "expiry" if one.late else "hit"
        return continuous.Option(one.strike, level, one.rebate, kind, option, at).price(
            spot, vol, expiry, rate, dividend
        )

    return price


class TestMovedBarrier:
    @pytest.mark.parametrize(("kind", "option"), KINDS)
    @pytest.mark.parametrize("rebate_at", ["hit", "expiry"])
    def test_every_greek_counts_that_the_barrier_moves(self, kind, option, rebate_at):
        random = np.random.default_rng([len(kind), option == "put", rebate_at == "hit"])
        up = kind.startswith("up")
        away = math.exp(random.uniform(0.05, 0.4))
        values = {
            "spot": 100.0,
            "strike": 100.0 * math.exp(random.normal(0.0, 0.2)),
            "barrier": 100.0 * away if up else 100.0 / away,
            "vol": random.uniform(0.2, 0.6),
            "expiry": random.uniform(0.2, 2.0),
            "rate": random.uniform(0.0, 0.1),
            "dividend": random.uniform(0.0, 0.1),
            "rebate": 4.0,
        }
        dates = 12
        result = sg.barrier.greeks(**values, kind=kind, option=option, rebate_at=rebate_at, monitoring=dates, order=2)
        market = [mpf(values[name]) for name in ("spot", "vol", "expiry", "rate", "dividend")]
        with mp.workdps(50):
            one = continuous.Option(values["strike"], values["barrier"], values["rebate"], kind, option, rebate_at)
            price = moved(one, values, dates, up)
            scales = continuous.scales(values["spot"], values["vol"], values["expiry"])
            for name, scale in zip(continuous.NAMES, scales, strict=True):
                orders, sign = continuous.ORDERS[name]
                exact = sign * (mp.diff(price, tuple(market), orders) if any(orders) else price(*market))
                error = abs(float(mpf(float(getattr(result, name))) - exact))
                assert error <= max(5e-11 * abs(float(exact)), 5e-13 * scale), name

    @pytest.mark.parametrize("name", sg.barrier.BarrierGreeks._fields)
    def test_each_greek_alone(self, name):
        values = {"spot": np.array([70.0, 95.0, 140.0]), "strike": 100.0, "barrier": 60.0, "vol": 0.35, "expiry": 1.0}
        values |= {"kind": "down-in", "option": "put"}
        function = getattr(sg.barrier, name)
        expected = getattr(sg.barrier.greeks(**values, monitoring=[12, 52, 252], order=2), name)
        out = np.empty(3)
        got = function(**values, monitoring=[12, 52, 252], out=out)
        assert got is out
        # the price alone goes through the straight-line formula
        np.testing.assert_allclose(got, expected, rtol=1e-13)

    def test_many_dates_are_the_continuous_barrier(self):
        values = {"spot": 100.0, "strike": 100.0, "barrier": 80.0, "vol": 0.3, "expiry": 1.0}
        values |= {"kind": "down-in", "option": "put"}
        far = sg.barrier.price(**values, monitoring=10**12)
        assert float(far) == pytest.approx(float(sg.barrier.price(**values)), rel=1e-5)

    def test_error_against_the_exact_price_falls_with_the_dates(self):
        errors = []
        for dates in (16, 64, 256):
            quick = sg.barrier.price(
                100.0, 100.0, 85.0, vol=0.3, expiry=1.0, monitoring=dates, kind="down-in", option="put"
            )
            exact = sg.barrier.price(
                100.0, 100.0, 85.0, vol=0.3, expiry=1.0, monitoring=dates, method="exact", kind="down-in", option="put"
            )
            errors.append(abs(float(quick - exact)))
        # o(1/sqrt n), and in practice 1/n
        assert errors[1] < 0.4 * errors[0]
        assert errors[2] < 0.4 * errors[1]


options = st.fixed_dictionaries(
    {
        "spot": st.floats(60.0, 150.0),
        "strike": st.floats(60.0, 150.0),
        "lower": st.one_of(st.just(0.0), st.floats(50.0, 99.0)),
        "upper": st.one_of(st.just(math.inf), st.floats(101.0, 200.0)),
        "vol": st.floats(0.05, 1.5),
        "expiry": st.floats(0.02, 3.0),
        "rate": st.floats(-0.05, 0.15),
        "dividend": st.floats(-0.05, 0.15),
        "rebate": st.sampled_from([0.0, 3.0]),
        "monitoring": st.sampled_from([1, 2, 3, 7, 24]),
        "option": st.sampled_from(["call", "put"]),
        "rebate_at": st.sampled_from(["hit", "expiry"]),
    }
)


class TestExact:
    @settings(max_examples=40)
    @given(options, st.sampled_from(["knock-in", "knock-out"]))
    def test_against_the_twin(self, values, kind):
        terms = dict(values)
        out, call, late = kind == "knock-out", terms.pop("option") == "call", terms.pop("rebate_at") == "expiry"
        terms["dates"] = terms.pop("monitoring")
        expected = oracle.price(**terms, knock_out=out, call=call, at_expiry=late)
        scale = max(values["spot"] * math.exp(3.0 * values["vol"] * math.sqrt(values["expiry"])), values["strike"])
        assert abs(float(discrete_price(**values, kind=kind)) - expected) <= 1e-12 * scale

    @settings(max_examples=40)
    @given(options)
    def test_in_and_out_are_the_plain_option(self, values):
        terms = {**values, "rebate": 0.0}
        both = float(discrete_price(**terms, kind="knock-in") + discrete_price(**terms, kind="knock-out"))
        plain = float(discrete_price(**{**terms, "lower": 0.0, "upper": math.inf}, kind="knock-out"))
        assert both == pytest.approx(plain, rel=1e-12, abs=1e-12 * values["strike"])

    @pytest.mark.parametrize("kind", ["knock-in", "knock-out"])
    def test_derivatives_of_the_price(self, kind):
        values = {"strike": 105.0, "lower": 80.0, "upper": 130.0, "vol": 0.4, "expiry": 1.0, "rate": 0.05}
        values |= {"dividend": 0.02, "rebate": 3.0, "monitoring": 52, "kind": kind, "option": "put"}

        def price(spot):
            return float(discrete_price(spot, **values))

        greeks = discrete_greeks(95.0, **values)
        h = 0.05
        below, middle, above = price(95.0 - h), price(95.0), price(95.0 + h)
        further = price(95.0 - 2 * h), price(95.0 + 2 * h)
        delta = (8.0 * (above - below) - (further[1] - further[0])) / (12.0 * h)
        gamma = (16.0 * (above + below) - (further[0] + further[1]) - 30.0 * middle) / (12.0 * h * h)
        assert float(greeks.price) == middle
        assert float(greeks.delta) == pytest.approx(delta, rel=1e-7)
        assert float(greeks.gamma) == pytest.approx(gamma, rel=1e-6)
        # the Black-Scholes equation between dates
        equation = greeks.theta + 0.03 * 95.0 * greeks.delta + 0.5 * 0.16 * 95.0**2 * greeks.gamma
        assert float(equation) == pytest.approx(0.05 * middle, rel=1e-12)

    def test_theta_by_a_date_that_comes_nearer(self):
        # one date: the option is European, and its theta that of a payoff without a barrier's history
        values = {
            "lower": 80.0,
            "upper": 120.0,
            "vol": 0.3,
            "rate": 0.04,
            "monitoring": 1,
            "kind": "knock-out",
            "option": "put",
        }
        h = 1e-4
        later, sooner = (float(discrete_price(98.0, 100.0, expiry=0.5 + dt, **values)) for dt in (-h, h))
        greeks = discrete_greeks(98.0, 100.0, expiry=0.5, **values)
        assert float(greeks.theta) == pytest.approx((later - sooner) / (2.0 * h), rel=1e-6)

    def test_now_is_no_date(self):
        below = discrete_greeks(
            79.0, 100.0, 80.0, math.inf, vol=0.3, expiry=1.0, monitoring=250, kind="knock-out", option="put"
        )
        assert (
            0.0
            < float(below.price)
            < float(sg.barrier.price(81.0, 100.0, 80.0, vol=0.3, expiry=1.0, kind="down-out", option="put"))
        )

    def test_by_price_with_a_method(self):
        spot = np.array([75.0, 95.0, 110.0])
        got = sg.barrier.price(
            spot, 100.0, 80.0, vol=0.3, expiry=1.0, monitoring=12, method="exact", kind="down-out", option="put"
        )
        np.testing.assert_array_equal(
            got,
            discrete_price(
                spot, 100.0, 80.0, np.inf, vol=0.3, expiry=1.0, monitoring=12, kind="knock-out", option="put"
            ),
        )
        got = sg.barrier.price(
            spot,
            100.0,
            120.0,
            vol=0.3,
            expiry=1.0,
            monitoring=12,
            method="exact",
            kind="up-in",
            rebate=2.0,
            option="put",
        )
        np.testing.assert_array_equal(
            got,
            discrete_price(
                spot, 100.0, 0.0, 120.0, vol=0.3, expiry=1.0, monitoring=12, rebate=2.0, kind="knock-in", option="put"
            ),
        )
        with pytest.warns(RuntimeWarning, match="invalid"):
            got = sg.barrier.price(
                100.0,
                100.0,
                [0.0, -1.0],
                vol=0.3,
                expiry=1.0,
                monitoring=12,
                method="exact",
                kind="down-in",
                option="put",
            )
        assert np.isnan(got).all()

    def test_certain_paths(self):
        # no time left: today is the last date
        values = {"monitoring": 5, "kind": "knock-out", "rebate": 2.0, "option": "call"}
        spot = np.array([79.0, 80.0, 110.0])
        np.testing.assert_array_equal(
            discrete_price(spot, 100.0, 80.0, math.inf, vol=0.3, expiry=0.0, **values), [2.0, 2.0, 10.0]
        )
        # no volatility: 100 e^(-0.3 t) is at or below 80 first on the fifth of six dates in a year
        greeks = discrete_greeks(
            100.0, 90.0, 80.0, math.inf, vol=0.0, expiry=1.0, rate=0.1, dividend=0.4, **{**values, "monitoring": 6}
        )
        assert float(greeks.price) == pytest.approx(2.0 * math.exp(-0.1 * 5 / 6), rel=1e-15)
        assert float(greeks.delta) == 0.0
        alive = discrete_greeks(100.0, 90.0, 80.0, math.inf, vol=0.0, expiry=1.0, rate=0.1, **values)
        assert float(alive.price) == pytest.approx(100.0 - 90.0 * math.exp(-0.1), rel=1e-15)
        assert float(alive.delta) == 1.0

    def test_many_dates_and_strong_drift(self):
        # ever more dates come near the continuous barrier, from above
        prices = [
            float(
                discrete_price(
                    100.0, 100.0, 80.0, math.inf, vol=0.3, expiry=1.0, monitoring=n, kind="knock-out", option="put"
                )
            )
            for n in (10, 100, 1000, 10_000)
        ]
        exact = float(sg.barrier.price(100.0, 100.0, 80.0, vol=0.3, expiry=1.0, kind="down-out", option="put"))
        gaps = np.diff([*prices, exact])
        assert (gaps < 0.0).all()
        assert prices[-1] - exact < 0.03 * exact
        # a drift of six deviations a date, towards the barrier and away from it
        for rate in (-0.3, 0.3):
            args = (100.0, 100.0, 95.0, math.inf)
            terms = {"vol": 0.01, "expiry": 0.5, "monitoring": 12, "rate": rate}
            value = discrete_price(*args, **terms, kind="knock-out", rebate=1.0, option="put")
            twin = oracle.price(100.0, 100.0, 95.0, math.inf, 0.01, 0.5, rate, 0.0, 1.0, 12, True, False)
            assert float(value) == pytest.approx(twin, rel=1e-9)

    def test_what_is_too_strong_a_drift(self):
        with pytest.warns(RuntimeWarning, match="invalid"):
            assert math.isnan(
                discrete_price(
                    100.0,
                    100.0,
                    90.0,
                    math.inf,
                    vol=1e-4,
                    expiry=1.0,
                    monitoring=12,
                    rate=0.1,
                    kind="knock-in",
                    option="put",
                )
            )


WRONG_CALLS = [
    (
        lambda: sg.barrier.price(1.0, 1.0, 0.5, vol=0.3, expiry=1.0, monitoring=0, kind="down-in", option="put"),
        ValueError,
        "monitoring must be a whole number >= 1, got 0",
    ),
    (
        lambda: sg.barrier.greeks(
            1.0, 1.0, 0.5, vol=0.3, expiry=1.0, monitoring=[12, 2.5], kind="down-in", option="put"
        ),
        ValueError,
        "monitoring[1] must be a whole number >= 1, got 2.5",
    ),
    (
        lambda: sg.barrier.vega(1.0, 1.0, 0.5, vol=0.3, expiry=1.0, monitoring="daily", kind="down-in", option="put"),
        TypeError,
        "monitoring must be a number or an array of numbers, got 'daily'",
    ),
    (
        lambda: sg.barrier.price(1.0, 1.0, 0.5, vol=0.3, expiry=1.0, monitoring=True, kind="down-in", option="put"),
        TypeError,
        "monitoring must be a number of dates, got dtype bool",
    ),
    (
        lambda: sg.barrier.price(
            1.0, 1.0, 0.5, vol=0.3, expiry=1.0, monitoring=12, method="tree", kind="down-in", option="put"
        ),
        ValueError,
        "method must be one of 'shift', 'exact', got 'tree'",
    ),
    (
        lambda: discrete_price(1.0, 1.0, 0.5, 2.0, vol=0.3, expiry=1.0, monitoring=12, kind="down-in", option="put"),
        ValueError,
        "kind must be one of 'knock-in', 'knock-out', got 'down-in'",
    ),
    (
        lambda: discrete_greeks(1.0, 1.0, None, 2.0, vol=0.3, expiry=1.0, monitoring=12, kind="knock-in", option="put"),
        TypeError,
        "lower must be a number or an array of numbers, got None",
    ),
]


@pytest.mark.parametrize(("call", "error", "message"), WRONG_CALLS, ids=[case[2] for case in WRONG_CALLS])
def test_wrong_calls_say_what_is_wrong(call, error, message):
    with pytest.raises(error) as caught:
        call()
    assert str(caught.value) == message
