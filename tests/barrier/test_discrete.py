"""Barrier options watched on dates, equal or not: the exact recursion."""

import csv
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle.barrier import discrete as oracle
from wrong import refused

import shortgamma as sg
from shortgamma.barrier import discrete_greeks, discrete_price

with (Path(__file__).parents[1] / "data" / "barrier_discrete_reference.csv").open(
    encoding="utf-8", newline=""
) as _file:
    ROWS = list(csv.DictReader(_file))


def option_of(row):
    spot, strike, vol, expiry = (float(row[name]) for name in ("spot", "strike", "vol", "t"))
    lower, upper = float(row["lower_barrier"] or 0.0), float(row["upper_barrier"] or math.inf)
    terms = {"rate": float(row["r_cont"]), "dividend": float(row["q_cont"]), "dates": int(row["n_monitor_m"])}
    return {"spot": spot, "strike": strike, "lower": lower, "upper": upper}, {
        **terms,
        "vol": vol,
        "expiry": expiry,
        "option": row["option_type"],
    }


class TestPublished:
    @pytest.mark.parametrize("row", ROWS, ids=lambda row: row["row"])
    def test_two_resolutions_of_a_recursion(self, row):
        values, terms = option_of(row)
        out = discrete_greeks(**values, **terms, kind="knock-out")
        for name in ("price", "delta", "gamma"):
            # the table has thirteen digits; the gamma of its last row is that of a plain option
            assert float(getattr(out, name)) == pytest.approx(float(row[f"ko_{name}"]), rel=2e-12, abs=1e-11), name
        inside = discrete_price(**values, **terms, kind="knock-in")
        assert float(inside) == pytest.approx(float(row["ki_price_by_parity"]), rel=2e-12, abs=1e-11)

    @pytest.mark.parametrize("row", [row for row in ROWS if row["published_value"]], ids=lambda row: row["row"])
    def test_printed_values(self, row):
        values, terms = option_of(row)
        printed = row["published_value"]
        digits = len(printed.partition(".")[2])
        # the trinomial tree behind the printed value of row 12 (H = 96) is known to be 1.4e-3 off
        tolerance = 1.5e-3 if row["row"] == "12" else 1.01 * 10.0**-digits
        assert abs(float(discrete_price(**values, **terms, kind="knock-out")) - float(printed)) < tolerance


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
        "dates": st.sampled_from([1, 2, 3, 7, 24]),
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
        terms["dates"] = terms.pop("dates")
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
        values |= {"dividend": 0.02, "rebate": 3.0, "dates": 52, "kind": kind, "option": "put"}

        def price(spot):
            return float(discrete_price(spot, **values))

        greeks = discrete_greeks(95.0, **values)
        h = 0.05
        below, middle, above = price(95.0 - h), price(95.0), price(95.0 + h)
        further = price(95.0 - 2 * h), price(95.0 + 2 * h)
        delta = (8.0 * (above - below) - (further[1] - further[0])) / (12.0 * h)
        gamma = (16.0 * (above + below) - (further[0] + further[1]) - 30.0 * middle) / (12.0 * h * h)
        assert float(greeks.price) == pytest.approx(middle, rel=1e-14)
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
            "dates": 1,
            "kind": "knock-out",
            "option": "put",
        }
        h = 1e-4
        later, sooner = (float(discrete_price(98.0, 100.0, expiry=0.5 + dt, **values)) for dt in (-h, h))
        greeks = discrete_greeks(98.0, 100.0, expiry=0.5, **values)
        assert float(greeks.theta) == pytest.approx((later - sooner) / (2.0 * h), rel=1e-6)

    def test_now_is_no_date(self):
        below = discrete_greeks(
            79.0, 100.0, lower=80.0, upper=math.inf, vol=0.3, expiry=1.0, dates=250, kind="knock-out", option="put"
        )
        assert (
            0.0
            < float(below.price)
            < float(sg.barrier.price(81.0, 100.0, 80.0, vol=0.3, expiry=1.0, kind="down-out", option="put"))
        )

    def test_by_price_with_a_method(self):
        spot = np.array([75.0, 95.0, 110.0])
        put = {"vol": 0.3, "expiry": 1.0, "dates": 12, "option": "put"}
        got = sg.barrier.price(spot, 100.0, 80.0, **put, method="exact", kind="down-out")
        expected = discrete_price(spot, 100.0, lower=80.0, upper=np.inf, **put, kind="knock-out")
        np.testing.assert_array_equal(got, expected)
        np.testing.assert_array_equal(got, discrete_price(spot, 100.0, 80.0, **put, kind="down-out"))
        got = sg.barrier.price(spot, 100.0, 120.0, **put, method="exact", kind="up-in", rebate=2.0)
        expected = discrete_price(spot, 100.0, lower=0.0, upper=120.0, **put, rebate=2.0, kind="knock-in")
        np.testing.assert_array_equal(got, expected)
        with pytest.warns(RuntimeWarning, match="invalid"):
            got = sg.barrier.price(100.0, 100.0, [0.0, -1.0], **put, method="exact", kind="down-in")
        assert np.isnan(got).all()

    def test_certain_paths(self):
        # no time left: today is the last date
        values = {"dates": 5, "kind": "knock-out", "rebate": 2.0, "option": "call"}
        spot = np.array([79.0, 80.0, 110.0])
        np.testing.assert_array_equal(
            discrete_price(spot, 100.0, lower=80.0, upper=math.inf, vol=0.3, expiry=0.0, **values), [2.0, 2.0, 10.0]
        )
        # no volatility: 100 e^(-0.3 t) is at or below 80 first on the fifth of six dates in a year
        greeks = discrete_greeks(
            100.0,
            90.0,
            lower=80.0,
            upper=math.inf,
            vol=0.0,
            expiry=1.0,
            rate=0.1,
            dividend=0.4,
            **{**values, "dates": 6},
        )
        assert float(greeks.price) == pytest.approx(2.0 * math.exp(-0.1 * 5 / 6), rel=1e-15)
        assert float(greeks.delta) == 0.0
        alive = discrete_greeks(100.0, 90.0, lower=80.0, upper=math.inf, vol=0.0, expiry=1.0, rate=0.1, **values)
        assert float(alive.price) == pytest.approx(100.0 - 90.0 * math.exp(-0.1), rel=1e-15)
        assert float(alive.delta) == 1.0

    def test_many_dates_and_strong_drift(self):
        # ever more dates come near the continuous barrier, from above
        prices = [
            float(
                discrete_price(
                    100.0,
                    100.0,
                    lower=80.0,
                    upper=math.inf,
                    vol=0.3,
                    expiry=1.0,
                    dates=n,
                    kind="knock-out",
                    option="put",
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
            args = (100.0, 100.0)
            terms = {"lower": 95.0, "upper": math.inf, "vol": 0.01, "expiry": 0.5, "dates": 12, "rate": rate}
            value = discrete_price(*args, **terms, kind="knock-out", rebate=1.0, option="put")
            twin = oracle.price(100.0, 100.0, 95.0, math.inf, 0.01, 0.5, rate, 0.0, 1.0, 12, True, False)
            assert float(value) == pytest.approx(twin, rel=1e-9)

    def test_what_is_too_strong_a_drift(self):
        with pytest.warns(RuntimeWarning, match="invalid"):
            assert math.isnan(
                discrete_price(
                    100.0,
                    100.0,
                    lower=90.0,
                    upper=math.inf,
                    vol=1e-4,
                    expiry=1.0,
                    dates=12,
                    rate=0.1,
                    kind="knock-in",
                    option="put",
                )
            )


def draw(seed):
    """An option, with unequal dates at least a fiftieth of its time apart, the last of them at expiry or before it."""
    random = np.random.default_rng(seed)
    expiry = random.uniform(0.1, 2.0)
    steps = random.uniform(0.02, 0.4, random.integers(2, 6))
    dates = np.cumsum(steps) / steps.sum() * expiry
    if seed % 2:
        dates = dates[:-1]
    return {
        "spot": random.uniform(75.0, 130.0),
        "strike": random.uniform(75.0, 130.0),
        "lower": random.choice([0.0, random.uniform(60.0, 95.0)]),
        "upper": random.uniform(105.0, 180.0),
        "vol": random.uniform(0.1, 0.8),
        "expiry": expiry,
        "rate": random.uniform(-0.03, 0.1),
        "dividend": random.uniform(-0.03, 0.1),
        "rebate": random.choice([0.0, 3.0]),
        "dates": dates.tolist(),
    }


class TestUnequalDates:
    @pytest.mark.parametrize("seed", range(24))
    def test_against_the_twin(self, seed):
        values = draw(seed)
        out, call, late = seed % 4 < 2, seed % 3 == 0, seed % 5 == 0
        names = {"kind": "knock-out" if out else "knock-in", "option": "call" if call else "put"}
        names["rebate_at"] = "expiry" if late else "hit"
        greeks = discrete_greeks(**values, **names, order=2)
        numbers = tuple(values.values())
        scale = values["spot"] + values["strike"]
        assert float(greeks.price) == pytest.approx(np.real(oracle.price(*numbers, out, call, late)), abs=1e-13 * scale)
        for name, expected in oracle.derivatives(*numbers, out, call, late).items():
            assert float(getattr(greeks, name)) == pytest.approx(expected, rel=1e-11, abs=1e-13 * scale), name

    @pytest.mark.parametrize("seed", range(8))
    def test_second_derivatives_are_those_of_the_first(self, seed):
        values = {**draw(seed), "kind": "knock-out" if seed % 2 else "knock-in", "option": "put"}
        greeks = discrete_greeks(**values, order=2)
        h = {"spot": 1e-4 * values["spot"], "vol": 1e-5, "time": 1e-5}

        def moved(name, step):
            if name == "time":
                dates = [date - step for date in values["dates"]]
                return discrete_greeks(**values | {"dates": dates, "expiry": values["expiry"] - step})
            return discrete_greeks(**values | {name: values[name] + step})

        spot = values["spot"]
        for greek, name, base, scale in (
            ("vanna", "vol", "delta", 1.0),
            ("volga", "vol", "vega", spot),
            ("zomma", "vol", "gamma", 1.0 / spot),
            ("gamma", "spot", "delta", 1.0 / spot),
            ("speed", "spot", "gamma", 1.0 / spot**2),
            ("theta", "time", "price", spot),
            ("charm", "time", "delta", 1.0),
            ("color", "time", "gamma", 1.0 / spot),
            ("veta", "time", "vega", spot),
        ):
            above, below = (float(getattr(moved(name, sign * h[name]), base)) for sign in (1.0, -1.0))
            expected = (above - below) / (2.0 * h[name])
            assert float(getattr(greeks, greek)) == pytest.approx(expected, rel=2e-5, abs=2e-6 * scale), greek

    @pytest.mark.parametrize("dates", [[0.25, 0.5, 0.94, 0.97, 1.0], [0.25, 0.5, 0.75, 0.98], [0.02, 0.5, 0.52, 1.0]])
    @pytest.mark.parametrize("strike", [75.0, 81.0, 100.0])
    def test_long_steps_beside_short_ones(self, dates, strike):
        # the option is hardly blurred at a date from which a long step goes back
        values = (100.0, strike, 80.0, 120.0, 0.3, 1.0, 0.03, 0.01, 2.0, dates)
        names = ("spot", "strike", "lower", "upper", "vol", "expiry", "rate", "dividend", "rebate", "dates")
        got = discrete_price(**dict(zip(names, values, strict=True)), kind="knock-out", option="call")
        assert float(got) == pytest.approx(float(oracle.price(*values, True, True)), abs=1e-12)

    def test_equal_dates_as_a_list(self):
        values = {"strike": 100.0, "barrier": 80.0, "vol": 0.3, "expiry": 1.0, "kind": "down-in", "option": "put"}
        spot = np.array([70.0, 85.0, 120.0])
        count = discrete_greeks(spot, **values, dates=12, order=2)
        years = discrete_greeks(spot, **values, dates=[k / 12 for k in range(1, 13)], order=2)
        for one, other in zip(count, years, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-11, atol=1e-12)

    @pytest.mark.parametrize("dates", [4, [0.004, 0.3, 0.35, 0.8], [0.1, 0.2]])
    @pytest.mark.parametrize("spot", [82.0, 100.0])
    def test_against_monte_carlo(self, dates, spot):
        values = {"strike": 100.0, "vol": 0.4, "expiry": 1.0, "rate": 0.03, "dividend": 0.01}
        got = discrete_price(spot, barrier=80.0, **values, dates=dates, kind="down-in", option="put")
        times = [k / dates for k in range(1, dates + 1)] if isinstance(dates, int) else dates
        random = np.random.default_rng(3)
        x, hit, before = np.full(400_000, math.log(spot)), np.zeros(400_000, dtype=bool), 0.0
        for time in [*times, 1.0]:
            z = random.standard_normal(200_000)
            x += (0.02 - 0.08) * (time - before) + 0.4 * math.sqrt(time - before) * np.concatenate([z, -z])
            hit |= (x <= math.log(80.0)) & (time in times)
            before = time
        payoff = math.exp(-0.03) * hit * np.maximum(100.0 - np.exp(x), 0.0)
        pairs = 0.5 * (payoff[:200_000] + payoff[200_000:])
        assert abs(float(got) - pairs.mean()) < 3.0 * pairs.std() / math.sqrt(200_000)

    def test_the_first_date_anywhere(self):
        # a month of closes, as seen from one of them and from between two
        closes = np.arange(1, 22) / 252
        put = {"vol": 0.35, "rate": 0.03, "dividend": 0.0, "rebate": 0.0}
        for passed in (0.0, 0.25, 0.5, 0.9):
            dates = closes - passed / 252
            got = discrete_price(60.5, 100.0, 60.0, **put, expiry=dates[-1], dates=dates, kind="down-in", option="put")
            twin = oracle.price(60.5, 100.0, 60.0, math.inf, 0.35, dates[-1], 0.03, 0.0, 0.0, dates, False, False)
            assert float(got) == pytest.approx(float(twin), rel=1e-12), passed

    def test_times(self):
        put = {"vol": 0.35, "kind": "down-in", "option": "put"}
        days = [30, 61, 91]
        expected = discrete_price(90.0, 100.0, 80.0, **put, expiry=91 / 365, dates=[day / 365 for day in days])
        start = np.datetime64("2026-01-15")
        for dates in (start + np.array(days), [str(start + day) for day in days]):
            got = discrete_price(90.0, 100.0, 80.0, **put, expiry=start + 91, dates=dates, now="2026-01-15")
            assert float(got) == pytest.approx(float(expected), rel=1e-13)
        # what has passed is said by the state
        dates = start + np.array([-31, *days])
        got = discrete_price(90.0, 100.0, 80.0, **put, expiry=start + 91, dates=dates, now=start, state="alive")
        assert float(got) == pytest.approx(float(expected), rel=1e-13)
        got = discrete_price(90.0, 100.0, 80.0, **put, expiry=start + 91, dates=dates, now=start, state="in")
        plain = sg.barrier.price(90.0, 100.0, 95.0, **put, expiry=91 / 365)
        assert float(got) == pytest.approx(float(plain), rel=1e-13)

    def test_states(self):
        terms = {"vol": 0.3, "expiry": 1.0, "rate": 0.05, "rebate": 2.0, "option": "put"}
        spot = np.array([85.0, 120.0])
        for dates in (None, 12, [0.2, 0.7]):
            more = {} if dates is None else {"dates": dates}
            inside = sg.barrier.greeks(spot, 100.0, 80.0, **terms, **more, kind="down-in", state="in", order=2)
            plain = sg.barrier.greeks(spot, 100.0, 1e4, **terms, kind="down-in", order=2)
            for one, other in zip(inside, plain, strict=True):
                np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-15)
            for at, value in (("hit", 0.0), ("expiry", 2.0 * math.exp(-0.05))):
                out = sg.barrier.price(
                    spot, 100.0, 80.0, **terms, **more, kind="down-out", rebate_at=at, state=["out", "out"]
                )
                np.testing.assert_allclose(out, value, rtol=1e-14)

    def test_the_order_of_the_axes_does_not_matter(self):
        spot, expiry = np.linspace(70.0, 130.0, 7), np.array([0.25, 0.5, 1.0])
        put = {
            "strike": 100.0,
            "barrier": 80.0,
            "vol": 0.3,
            "dates": [0.1, 0.25, 0.4],
            "kind": "down-in",
            "option": "put",
        }
        down = discrete_greeks(spot[:, None], expiry=expiry, **put)
        across = discrete_greeks(spot, expiry=expiry[:, None], **put)
        for one, other in zip(down[:7], across[:7], strict=True):
            assert one.shape == (7, 3)
            np.testing.assert_array_equal(one, other.T)
        # dates after an expiry do not count
        short = discrete_greeks(spot, expiry=0.25, **put | {"dates": [0.1, 0.25]})
        np.testing.assert_allclose(down.price[:, 0], short.price, rtol=1e-12, atol=1e-13)


class TestMethods:
    def test_auto_is_exact_but_where_the_difference_is_nothing(self):
        spot = np.geomspace(60.0, 400.0, 60)
        put = {"strike": 100.0, "barrier": 80.0, "vol": 0.3, "expiry": 1.0, "dates": 12, "kind": "down-in"}
        put |= {"option": "put", "rebate": 1.0}
        for kind in ("down-in", "down-out"):
            auto, exact, shift = (
                sg.barrier.price(spot, **put | {"kind": kind}, method=method) for method in ("auto", "exact", "shift")
            )
            assert (np.abs(auto - exact) <= 1e-5 * spot).all()
            far = auto != exact
            assert 0 < far.sum() < len(spot)
            np.testing.assert_array_equal(auto[far], shift[far])

    def test_near_the_barrier_the_default_is_exact(self):
        put = {"vol": 0.35, "expiry": 1.0, "dates": 12, "kind": "down-in", "option": "put"}
        auto, exact, shift = (
            float(sg.barrier.price(62.0, 100.0, 60.0, **put, method=method)) for method in ("auto", "exact", "shift")
        )
        assert auto == exact
        assert abs(shift / exact - 1.0) > 1e-3

    def test_a_call_can_be_stopped(self):
        seen = []

        def stop(done, total):
            seen.append((done, total))
            raise KeyboardInterrupt

        expiry = np.linspace(0.5, 2.0, 400)
        put = {"strike": 100.0, "barrier": 80.0, "vol": 0.3, "dates": 1000, "kind": "down-in", "option": "put"}
        with pytest.raises(KeyboardInterrupt):
            discrete_greeks(np.linspace(80.0, 120.0, 5)[:, None], expiry=expiry, **put, progress=stop)
        assert len(seen) == 1
        assert seen[0][1] == 2000
        assert seen[0][0] < 2000


WRONG_CALLS = [
    (
        lambda: sg.barrier.price(1.0, 1.0, 0.5, vol=0.3, expiry=1.0, dates=0, kind="down-in", option="put"),
        ValueError,
        "dates must be between 1 and 10,000, got 0",
    ),
    (
        lambda: sg.barrier.greeks(1.0, 1.0, 0.5, vol=0.3, expiry=1.0, dates=[12, 2.5], kind="down-in", option="put"),
        ValueError,
        "dates[1] must be later than dates[0], got 2.5",
    ),
    (
        lambda: sg.barrier.vega(1.0, 1.0, 0.5, vol=0.3, expiry=1.0, dates="daily", kind="down-in", option="put"),
        ValueError,
        "dates are times: give now=, the time of valuation",
    ),
    (
        lambda: sg.barrier.price(1.0, 1.0, 0.5, vol=0.3, expiry=1.0, dates=True, kind="down-in", option="put"),
        TypeError,
        "dates must be a number of dates, a list of years, or a list of times, got dtype bool",
    ),
    (
        lambda: sg.barrier.price(
            1.0, 1.0, 0.5, vol=0.3, expiry=1.0, dates=12, method="tree", kind="down-in", option="put"
        ),
        ValueError,
        "method must be one of 'auto', 'exact', 'shift', got 'tree'",
    ),
    (
        lambda: discrete_price(
            1.0, 1.0, lower=0.5, upper=2.0, vol=0.3, expiry=1.0, dates=12, kind="down-in", option="put"
        ),
        ValueError,
        "kind must be one of 'knock-in', 'knock-out', got 'down-in'",
    ),
    (
        lambda: discrete_greeks(
            1.0, 1.0, lower=None, upper=2.0, vol=0.3, expiry=1.0, dates=12, kind="knock-in", option="put"
        ),
        TypeError,
        "give barrier= for one barrier, or lower= and upper= for two",
    ),
]


test_wrong_calls_say_what_is_wrong = refused(WRONG_CALLS)
