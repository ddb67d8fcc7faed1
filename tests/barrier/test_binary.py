"""Touches and binary barrier options."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mpmath import mp
from oracle.barrier import _adversary as adversary
from oracle.barrier import single as oracle
from published import numbers, rows
from wrong import refused

import shortgamma as sg
from shortgamma.barrier import BarrierGreeks, binary_greeks, binary_price, touch_greeks, touch_price

KINDS = ("down-in", "down-out", "up-in", "up-out")
BINARIES = [(kind, option, payoff) for kind in KINDS for option in ("call", "put") for payoff in ("cash", "asset")]
TOUCHES = [
    (direction, kind, payoff, paid_at)
    for direction in ("down", "up")
    for payoff in ("cash", "asset")
    for kind, paid_at in (("one-touch", "hit"), ("one-touch", "expiry"), ("no-touch", "expiry"))
]


class TestPublished:
    @pytest.mark.parametrize("row", rows("haug_binary"), ids=lambda row: row["row"])
    def test_haug_types_13_to_28(self, row):
        spot, strike, barrier, vol, expiry, rate, dividend = numbers(
            row, "spot", "strike", "barrier", "vol", "t_act360", "r_cont", "q_cont"
        )
        value = binary_price(
            spot,
            strike,
            barrier,
            vol=vol,
            expiry=expiry,
            rate=rate,
            dividend=dividend,
            amount=float(row["cash"]) if row["payoff"] == "cash" else 1.0,
            kind=row["barrier_type"].replace("_", "-"),
            option=row["option_type"],
            payoff=row["payoff"],
        )
        assert abs(float(value) - float(row["expected"])) <= float(row["tol"])

    AMERICAN = [row for row in rows("digital_one_touch") if row["exercise"] == "american"]  # noqa: RUF012

    @pytest.mark.parametrize("row", AMERICAN, ids=lambda row: row["row"])
    def test_haug_types_1_to_12(self, row):
        spot, barrier, vol, expiry, rate, dividend = numbers(
            row, "spot", "strike_or_barrier", "vol", "t_act360", "r_cont", "q_cont"
        )
        value = touch_price(
            spot,
            barrier,
            vol=vol,
            expiry=expiry,
            rate=rate,
            dividend=dividend,
            amount=float(row["cash_or_gap_strike2"]) if row["payoff"] == "cash" else 1.0,
            kind="no-touch" if row["touch"] == "no_touch" else "one-touch",
            # a call pays above, a put below
            direction="up" if row["option_type"] == "call" else "down",
            payoff=row["payoff"],
            paid_at=row["payment"].removeprefix("at_"),
        )
        assert abs(float(value) - float(row["expected"])) <= float(row["tol"])

    @pytest.mark.parametrize("row", rows("mp_reference_touch_greeks"), ids=lambda row: row["row"])
    def test_twenty_digits(self, row):
        spot, barrier, vol, expiry, rate, dividend = numbers(row, "spot", "barrier", "vol", "t", "r_cont", "q_cont")
        payoff, touch, _, paid_at = row["kind"].split("_")
        result = touch_greeks(
            spot,
            barrier,
            vol=vol,
            expiry=expiry,
            rate=rate,
            dividend=dividend,
            kind=f"{touch}-touch",
            payoff=payoff,
            paid_at=paid_at,
            order=2,
        )
        unit = spot if payoff == "asset" else 1.0
        for name, scale in zip(oracle.NAMES, oracle.scales(spot, vol, expiry), strict=True):
            expected = row.get("rho_q" if name == "rho_dividend" else name)
            if expected is not None:
                error = abs(float(getattr(result, name)) - float(expected))
                assert error <= max(1e-11 * abs(float(expected)), 1e-13 * scale / spot * unit), name


def draw(random, up):
    spot = 100.0 * math.exp(random.normal(0.0, 0.3))
    away = math.exp(random.uniform(0.005, 0.6))
    return {
        "spot": spot,
        "strike": spot * math.exp(random.normal(0.0, 0.25)),
        "barrier": spot * away if up else spot / away,
        "vol": random.uniform(0.08, 1.0),
        "expiry": random.uniform(0.02, 3.0),
        "rate": random.uniform(-0.06, 0.12),
        "dividend": random.uniform(-0.06, 0.12),
        "amount": random.uniform(0.5, 10.0),
    }


def market(values):
    return [values[name] for name in ("spot", "vol", "expiry", "rate", "dividend")]


def assert_close(result, exact, values, unit):
    for name, value, scale in zip(
        oracle.NAMES, exact, oracle.scales(values["spot"], values["vol"], values["expiry"]), strict=True
    ):
        error = abs(float(mp.mpf(float(getattr(result, name))) - value))
        assert error <= max(2e-11 * abs(float(value)), 2e-13 * scale / values["spot"] * unit), name


class TestAgainstMpmath:
    @pytest.mark.parametrize(("kind", "option", "payoff"), BINARIES)
    @pytest.mark.parametrize("seed", range(3))
    def test_binaries(self, kind, option, payoff, seed):
        values = draw(
            np.random.default_rng([seed, len(kind), option == "put", payoff == "cash"]), kind.startswith("up")
        )
        result = binary_greeks(**values, kind=kind, option=option, payoff=payoff, order=2)
        one = oracle.Binary(values["strike"], values["barrier"], values["amount"], kind, option, payoff)
        unit = values["amount"] * (values["spot"] if payoff == "asset" else 1.0)
        assert_close(result, oracle.derivatives(one, *market(values)), values, unit)

    @pytest.mark.parametrize(("direction", "kind", "payoff", "paid_at"), TOUCHES)
    @pytest.mark.parametrize("seed", range(3))
    def test_touches(self, direction, kind, payoff, paid_at, seed):
        up = direction == "up"
        values = draw(np.random.default_rng([seed, up, len(kind), payoff == "cash", len(paid_at)]), up)
        del values["strike"]
        result = touch_greeks(**values, kind=kind, payoff=payoff, paid_at=paid_at, order=2)
        one = oracle.Touch(values["barrier"], values["amount"], up, kind == "one-touch", payoff, paid_at)
        unit = values["amount"] * (values["spot"] if payoff == "asset" else 1.0)
        assert_close(result, oracle.derivatives(one, *market(values)), values, unit)

    @pytest.mark.parametrize("payoff", ["cash", "asset"])
    @pytest.mark.parametrize("direction", ["down", "up"])
    @pytest.mark.parametrize("distance", [1e-12, 1e-8, 1e-5])
    def test_no_touch_close_to_the_barrier(self, distance, direction, payoff):
        values = {"spot": 100.0, "vol": 0.3, "expiry": 0.5, "rate": 0.04, "dividend": 0.09}
        up = direction == "up"
        barrier = 100.0 * (1.0 + distance if up else 1.0 - distance)
        one = oracle.Touch(barrier, 1, up, False, payoff, "expiry")
        names = ["price", "delta", "vega", "theta", "rho", "rho_dividend"]
        result = touch_greeks(
            **values, barrier=barrier, kind="no-touch", direction=direction, payoff=payoff, paid_at="expiry"
        )
        for name, exact in zip(names, oracle.derivatives(one, *market(values), names, 60), strict=True):
            assert float(getattr(result, name)) == pytest.approx(float(exact), rel=1e-11), name

    @pytest.mark.parametrize("payoff", ["cash", "asset"])
    @pytest.mark.parametrize(("kind", "option"), [("down-out", "put"), ("up-out", "call")])
    def test_a_narrow_corridor(self, kind, option, payoff):
        barrier, strike = (95.0, 95.001) if kind == "down-out" else (105.0, 104.999)
        values = {"spot": 100.0, "vol": 0.3, "expiry": 0.5, "rate": 0.04, "dividend": 0.09}
        result = binary_greeks(**values, strike=strike, barrier=barrier, kind=kind, option=option, payoff=payoff)
        one = oracle.Binary(strike, barrier, 1, kind, option, payoff)
        names = oracle.NAMES[:7]
        for name, exact in zip(names, oracle.derivatives(one, *market(values), names, 60), strict=True):
            assert float(getattr(result, name)) == pytest.approx(float(exact), rel=1e-10), name


class TestIdentities:
    @given(seed=st.integers(0, 10_000), kind=st.sampled_from(KINDS), option=st.sampled_from(["call", "put"]))
    def test_a_vanilla_barrier_option_is_asset_less_strike_in_cash(self, seed, kind, option):
        values = draw(np.random.default_rng(seed), kind.startswith("up"))
        del values["amount"]
        sign = 1.0 if option == "call" else -1.0
        parts = [
            binary_greeks(**values, amount=amount, kind=kind, option=option, payoff=payoff, order=2)
            for payoff, amount in (("asset", sign), ("cash", -sign * values["strike"]))
        ]
        whole = sg.barrier.greeks(**values, kind=kind, option=option, order=2)
        scales = oracle.scales(values["spot"], values["vol"], values["expiry"])
        for i, scale in enumerate(scales):
            terms = abs(float(parts[0][i])) + abs(float(parts[1][i]))
            assert float(parts[0][i] + parts[1][i]) == pytest.approx(float(whole[i]), abs=1e-11 * terms + 1e-12 * scale)

    @given(seed=st.integers(0, 10_000), up=st.booleans())
    def test_touched_or_not_is_certain(self, seed, up):
        values = draw(np.random.default_rng(seed), up)
        del values["strike"]
        for payoff in ("cash", "asset"):
            either = sum(
                float(touch_price(**values, kind=kind, payoff=payoff, paid_at="expiry"))
                for kind in ("one-touch", "no-touch")
            )
            growth = -values["dividend"] if payoff == "asset" else -values["rate"]
            unit = values["amount"] * (values["spot"] if payoff == "asset" else 1.0)
            assert either == pytest.approx(unit * math.exp(growth * values["expiry"]), rel=1e-13)

    @given(seed=st.integers(0, 10_000), up=st.booleans())
    def test_a_touch_is_the_rebate_of_a_knock_out(self, seed, up):
        values = draw(np.random.default_rng(seed), up)
        amount = values.pop("amount")
        kind = "up-out" if up else "down-out"
        for paid_at in ("hit", "expiry"):
            with_it, without = (
                float(sg.barrier.price(**values, rebate=rebate, kind=kind, option="call", rebate_at=paid_at))
                for rebate in (amount, 0.0)
            )
            touch = {name: value for name, value in values.items() if name != "strike"}
            value = float(touch_price(**touch, amount=amount, kind="one-touch", paid_at=paid_at))
            assert value == pytest.approx(with_it - without, abs=1e-12 * values["spot"])

    def test_adversaries(self):
        with np.errstate(invalid="raise", divide="raise"):
            for rule, missed in adversary.RUNS["touches"](50_000, 3).items():
                assert missed <= (0 if rule == "NaN" else 4.0), rule

    def test_adversarial_touches_stay_in_bounds(self):
        random = np.random.default_rng(5)
        count = 30_000
        distance = 10.0 ** random.uniform(-12, 2, count)
        up = random.random(count) < 0.5
        spot = np.where(up, 100.0 / (1.0 + distance), 100.0 * (1.0 + distance))
        vol, expiry = (
            10.0 ** random.uniform(-4, math.log10(5), count),
            10.0 ** random.uniform(-6, math.log10(50), count),
        )
        rates = {"rate": random.uniform(-0.2, 0.5, count), "dividend": random.uniform(-0.2, 0.5, count)}
        discount = np.exp(-rates["rate"] * expiry)
        with np.errstate(all="raise"):
            hit = touch_price(spot, 100.0, vol=vol, expiry=expiry, **rates, kind="one-touch")
            late = touch_price(spot, 100.0, vol=vol, expiry=expiry, **rates, kind="one-touch", paid_at="expiry")
            never = touch_price(spot, 100.0, vol=vol, expiry=expiry, **rates, kind="no-touch")
            for kind, paid_at in (("one-touch", "hit"), ("one-touch", "expiry"), ("no-touch", "hit")):
                for payoff in ("cash", "asset"):
                    result = touch_greeks(
                        spot, 100.0, vol=vol, expiry=expiry, **rates, kind=kind, payoff=payoff, paid_at=paid_at, order=2
                    )
                    for name in BarrierGreeks._fields:
                        assert not np.isnan(getattr(result, name)).any(), (kind, payoff, paid_at, name)
        assert (hit >= 0.0).all()
        assert (hit <= np.maximum(discount, 1.0) * (1.0 + 1e-12)).all()
        for value in (late, never):
            assert (value >= 0.0).all()
            assert (value <= discount * (1.0 + 1e-13)).all()
        np.testing.assert_allclose(late + never, discount, rtol=1e-12)


class TestEdges:
    def test_touched(self):
        touched = {"rate": 0.05, "dividend": 0.02, "amount": 3.0, "direction": "down", "kind": "one-touch", "order": 2}
        hit = touch_greeks(90.0, 100.0, vol=0.3, expiry=2.0, **touched)
        assert hit.price == 3.0
        assert all(float(part) == 0.0 for part in hit[1:])
        asset = touch_greeks(90.0, 100.0, vol=0.3, expiry=2.0, payoff="asset", **touched)
        assert (asset.price, asset.delta) == (270.0, 3.0)
        late = touch_greeks(90.0, 100.0, vol=0.3, expiry=2.0, paid_at="expiry", **touched)
        assert float(late.price) == pytest.approx(3.0 * math.exp(-0.1), rel=1e-15)
        assert float(late.theta) == pytest.approx(0.15 * math.exp(-0.1), rel=1e-14)
        assert touch_price(90.0, 100.0, vol=0.3, expiry=2.0, kind="no-touch", direction="down") == 0.0
        # at the barrier it is touched, whichever way it came
        assert touch_price(100.0, 100.0, vol=0.3, expiry=2.0, kind="one-touch") == 1.0
        assert touch_price(100.0, 100.0, vol=0.3, expiry=2.0, direction="up", kind="one-touch") == 1.0
        # beyond the barrier a knock-in binary is plain: a call and a put make the discounted amount
        either = [
            float(binary_price(90.0, 95.0, 100.0, vol=0.3, expiry=2.0, rate=0.05, option=o, kind="down-in"))
            for o in ("call", "put")
        ]
        assert sum(either) == pytest.approx(math.exp(-0.1), rel=1e-14)
        assert binary_price(90.0, 95.0, 100.0, vol=0.3, expiry=2.0, kind="down-out", option="put") == 0.0

    @pytest.mark.parametrize("direction", ["down", "up"])
    def test_an_amount_of_nothing_is_worth_nothing(self, direction):
        # at the hit, with rates for which lambda is imaginary
        greeks = touch_greeks(
            [105.0, 95.0],
            100.0,
            vol=0.2,
            expiry=1.0,
            rate=-0.03,
            dividend=-0.04,
            amount=0.0,
            direction=direction,
            order=2,
            payoff=["cash", "asset"],
            kind="one-touch",
        )
        assert all((part == 0.0).all() for part in greeks)

    def test_certain_paths(self):
        # 100 e^(-0.1 t) falls to 95 at t = -10 ln 0.95
        keywords = {"dividend": 0.15, "rate": 0.05}
        moment = -10.0 * math.log(0.95)
        assert float(touch_price(100.0, 95.0, vol=0.0, expiry=1.0, kind="one-touch", **keywords)) == pytest.approx(
            math.exp(-0.05 * moment), rel=1e-14
        )
        late = touch_price(100.0, 95.0, vol=0.0, expiry=1.0, kind="one-touch", paid_at="expiry", **keywords)
        assert float(late) == pytest.approx(math.exp(-0.05), rel=1e-15)
        assert touch_price(100.0, 80.0, vol=0.0, expiry=1.0, kind="one-touch", **keywords) == 0.0
        assert float(touch_price(100.0, 80.0, vol=0.0, expiry=1.0, kind="no-touch", **keywords)) == pytest.approx(
            math.exp(-0.05)
        )
        assert touch_price(100.0, 80.0, vol=0.3, expiry=0.0, kind="one-touch") == 0.0
        assert touch_price(100.0, 80.0, vol=0.3, expiry=0.0, kind="no-touch") == 1.0
        assert float(
            binary_price(100.0, 92.0, 95.0, vol=0.0, expiry=1.0, kind="down-in", option="put", **keywords)
        ) == pytest.approx(math.exp(-0.05) if 100.0 * math.exp(-0.1) < 92.0 else 0.0)

    @pytest.mark.parametrize("value", [-1.0, 0.0, math.inf])
    def test_out_of_domain(self, value):
        with np.errstate(invalid="raise"), pytest.raises(FloatingPointError):
            touch_price(value, 100.0, vol=0.3, expiry=1.0, kind="one-touch")
        with np.errstate(invalid="ignore"):
            assert all(
                math.isnan(part)
                for part in binary_greeks(
                    100.0, value, 90.0, vol=0.3, expiry=1.0, order=2, kind="down-in", option="put"
                )
            )

    def test_arrays(self):
        spot = np.linspace(90.0, 110.0, 9)
        kinds = [["one-touch"], ["no-touch"]]
        result = touch_greeks(spot, [[95.0], [105.0]], vol=0.3, expiry=1.0, kind=kinds)
        assert all(part.shape == (2, 9) for part in result[:7])
        again = touch_greeks(spot, [[95.0], [105.0]], vol=0.4, expiry=1.0, kind=kinds, out=result)
        assert again.price is result.price
        for i in range(9):
            one = touch_price(spot[i], 105.0, vol=0.4, expiry=1.0, kind="no-touch")
            assert again.price[1, i] == one


WRONG_CALLS = [
    (
        lambda: touch_price(1.0, 2.0, vol=0.3, expiry=1.0, kind="two-touch"),
        ValueError,
        "kind must be one of 'one-touch', 'no-touch', got 'two-touch'",
    ),
    (
        lambda: touch_price(1.0, 2.0, vol=0.3, expiry=1.0, direction="left", kind="one-touch"),
        ValueError,
        "direction must be one of 'down', 'up', got 'left'",
    ),
    (
        lambda: touch_price(1.0, 2.0, vol=0.3, expiry=1.0, payoff=["cash", "coin"], kind="one-touch"),
        ValueError,
        "payoff[1] must be one of 'cash', 'asset', got 'coin'",
    ),
    (
        lambda: touch_price(1.0, 2.0, vol=0.3, expiry=1.0, paid_at="end", kind="one-touch"),
        ValueError,
        "paid_at must be one of 'hit', 'expiry', got 'end'",
    ),
    (
        lambda: touch_price(1.0, 2.0, vol="low", expiry=1.0, kind="one-touch"),
        TypeError,
        "vol must be a number or an array of numbers, got 'low'",
    ),
    (
        lambda: binary_price(1.0, 2.0, 1.0, vol=0.3, expiry=1.0, payoff=1, kind="down-in", option="put"),
        TypeError,
        "payoff must be a string or an array of strings, got int",
    ),
    (
        lambda: binary_price(np.ones(2), np.ones(3), 1.0, vol=0.3, expiry=1.0, kind="down-in", option="put"),
        ValueError,
        "strike of shape (3,) does not broadcast with spot of shape (2,)",
    ),
    (
        lambda: binary_greeks(1.0, 2.0, 1.0, vol=0.3, expiry=1.0, order=0, kind="down-in", option="put"),
        ValueError,
        "order must be 1 or 2, got 0",
    ),
    (
        lambda: touch_greeks(1.0, 2.0, vol=0.3, expiry=1.0, order=2, out=(1.0,) * 7, kind="one-touch"),
        ValueError,
        "out must hold 14 arrays, got 7",
    ),
]


test_wrong_calls_say_what_is_wrong = refused(WRONG_CALLS)
