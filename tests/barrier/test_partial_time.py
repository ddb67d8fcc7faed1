"""Barriers that are watched for part of the time."""

import math

import numpy as np
import pytest
from oracle.barrier import partial_time as oracle
from oracle.barrier._differences import compare
from published import KINDS, names, numbers, rows
from wrong import refused

import shortgamma as sg
from shortgamma.barrier import partial_time_greeks, partial_time_price


class TestPublished:
    @pytest.mark.parametrize("row", rows("partial_time"), ids=lambda row: row["row"])
    def test_partial_time(self, row):
        *prices, vol, expiry, moment = numbers(row, "spot", "strike", "barrier", "vol", "t_act360", "t1_act360")
        rate, dividend = numbers(row, "r_cont", "q_cont")
        terms = {"vol": vol, "expiry": expiry, "moment": moment, "rate": rate, "dividend": dividend, "window": "end"}
        value = partial_time_price(*prices, **terms, **names(row))
        assert abs(float(value) - float(row["expected"])) <= float(row["tol"])

    @pytest.mark.parametrize("row", rows("symmetry_partial_time"), ids=lambda row: row["row"])
    def test_partial_time_symmetry(self, row):
        spot, vol, expiry, rate = numbers(row, "spot", "vol", "t_act360", "r_call_world_equals_q_put_world")
        moment = float(row["cover_days_t1"]) / 360.0
        call = partial_time_price(
            spot, *numbers(row, "call_strike", "call_barrier"), vol=vol, expiry=expiry, moment=moment,
            rate=rate, kind=row["call_barrier_type"].replace("_", "-"), option="call", window="end",
        )  # fmt: skip
        put = partial_time_price(
            spot, *numbers(row, "put_strike", "put_barrier"), vol=vol, expiry=expiry, moment=moment,
            dividend=rate, kind=row["put_barrier_type"].replace("_", "-"), option="put", window="end",
        )  # fmt: skip
        assert abs(float(put) - float(row["put_strike"]) / spot * float(call)) <= float(row["tol_abs"])


def market(seed):
    random = np.random.default_rng(seed)
    return {
        "spot": 100.0,
        "strike": 100.0 * math.exp(random.normal(0.0, 0.2)),
        "barrier": 100.0 * math.exp(random.normal(0.0, 0.15)),
        "vol": random.uniform(0.15, 0.6),
        "expiry": random.uniform(0.5, 2.0),
        "rate": random.uniform(-0.03, 0.1),
        "dividend": random.uniform(-0.03, 0.1),
    }


class TestPartialTime:
    @pytest.mark.parametrize(("kind", "option"), KINDS)
    @pytest.mark.parametrize("window", ["start", "end", "end-beyond"])
    @pytest.mark.parametrize("seed", range(3))
    def test_against_the_price_at_the_moment(self, kind, option, window, seed):
        values = market([seed, len(kind), option == "put"])
        moment = 0.4 * values["expiry"]
        expected = oracle.price(**values, moment=moment, kind=kind, option=option, window=window)
        got = partial_time_price(**values, moment=moment, kind=kind, option=option, window=window)
        assert float(got) == pytest.approx(expected, rel=1e-10, abs=1e-10)

    @pytest.mark.parametrize(("kind", "option"), KINDS)
    def test_the_whole_time_is_the_plain_barrier(self, kind, option):
        values = {**market(5), "barrier": 115.0 if kind.startswith("up") else 88.0}
        terms = {"kind": kind, "option": option}
        expected = float(sg.barrier.price(**values, **terms))
        start = partial_time_price(**values, **terms, moment=values["expiry"], window="start")
        end = partial_time_price(**values, **terms, moment=0.0, window=["end", "end-beyond"])
        np.testing.assert_allclose([start, *end], expected, rtol=1e-11, atol=1e-12)


class TestGreeks:
    @pytest.mark.parametrize("window", ["start", "end", "end-beyond"])
    @pytest.mark.parametrize(("kind", "option"), KINDS)
    @pytest.mark.parametrize("spot", [93.0, 105.0])
    def test_derivatives_of_the_price(self, kind, option, window, spot):
        values = {"vol": 0.25, "expiry": 1.0, "moment": 0.3, "rate": 0.07, "dividend": 0.03}
        names = {"kind": kind, "option": option, "window": window}
        greeks = partial_time_greeks(spot, 95.0, 100.0, **values, **names, order=2)
        price = partial_time_price(spot, 95.0, 100.0, **values, **names)
        assert float(greeks.price) == pytest.approx(float(price), rel=1e-11, abs=1e-11)

        def moved(spot=spot, **steps):
            return partial_time_greeks(
                spot, 95.0, 100.0, **{k: v + steps.get(k, 0.0) for k, v in values.items()}, **names
            )

        compare(greeks, moved, spot, later={"expiry": -1e-5, "moment": -1e-5})

    @pytest.mark.parametrize(("kind", "option"), KINDS)
    def test_the_whole_time_is_the_plain_barrier(self, kind, option):
        values = {**market(5), "barrier": 115.0 if kind.startswith("up") else 88.0}
        terms = {"kind": kind, "option": option, "order": 2}
        expected = sg.barrier.greeks(**values, **terms)
        start = partial_time_greeks(**values, **terms, moment=values["expiry"], window="start")
        end = partial_time_greeks(**values, **terms, moment=0.0, window="end")
        for name in expected._fields:
            value = float(getattr(expected, name))
            assert float(getattr(start, name)) == pytest.approx(value, rel=1e-10, abs=1e-10), name
            assert float(getattr(end, name)) == pytest.approx(value, rel=1e-10, abs=1e-10), name


WRONG_CALLS = [
    (
        lambda: partial_time_price(
            1.0, 1.0, 0.5, vol=0.3, expiry=1.0, moment=0.5, window="middle", kind="down-in", option="put"
        ),
        ValueError,
        "window must be one of 'start', 'end', 'end-beyond', got 'middle'",
    ),
]


test_wrong_calls_say_what_is_wrong = refused(WRONG_CALLS)
