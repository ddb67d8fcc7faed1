"""Single-barrier options: published tables, mpmath, identities, edges, arrays."""

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
from shortgamma.barrier import BarrierGreeks

price, greeks = sg.barrier.price, sg.barrier.greeks

KINDS = ("down-in", "down-out", "up-in", "up-out")
TYPES = [(kind, option) for kind in KINDS for option in ("call", "put")]


def row_price(row, time="t_act360"):
    spot, strike, barrier, vol, expiry, rate, dividend, rebate = numbers(
        row, "spot", "strike", "barrier", "vol", time, "r_cont", "q_cont", "rebate"
    )
    kind = row["barrier_type"].replace("_", "-")
    market = {"rate": rate, "dividend": dividend, "rebate": rebate, "kind": kind, "option": row["option_type"]}
    return float(price(spot, strike, barrier, vol=vol, expiry=expiry, **market))


class TestPublished:
    @pytest.mark.parametrize("row", rows("haug_single_barrier_european"), ids=lambda row: row["row"])
    def test_haug(self, row):
        assert abs(row_price(row) - float(row["expected"])) <= float(row["tol"])

    def test_all_of_haug_is_there(self):
        assert len(rows("haug_single_barrier_european")) == 72

    @pytest.mark.parametrize("row", rows("babsiri_beaglehole_single_barrier"), ids=lambda row: row["row"])
    def test_babsiri_and_beaglehole(self, row):
        assert abs(row_price(row) - float(row["expected"])) <= float(row["tol"])

    @pytest.mark.parametrize("row", rows("low_vol_single_barrier"), ids=lambda row: row["row"])
    def test_low_volatility(self, row):
        assert abs(row_price(row, "t_act365") - float(row["expected_rounded"])) <= float(row["tol"])

    @pytest.mark.parametrize("row", rows("symmetry_single_barrier"), ids=lambda row: row["row"])
    def test_put_call_symmetry(self, row):
        spot, rate, vol, expiry = numbers(row, "spot", "r_call_world_equals_q_put_world", "vol", "t_act360")
        call_strike, call_barrier, put_strike, put_barrier = numbers(
            row, "call_strike", "call_barrier", "put_strike", "put_barrier"
        )
        kinds = [row[f"{name}_barrier_type"].replace("_", "-") for name in ("call", "put")]
        call = price(spot, call_strike, call_barrier, vol=vol, expiry=expiry, rate=rate, kind=kinds[0], option="call")
        put = price(spot, put_strike, put_barrier, vol=vol, expiry=expiry, dividend=rate, kind=kinds[1], option="put")
        tolerance = float(row["tol_abs_on_put_minus_(putK/spot)*call"])
        assert abs(float(put) - put_strike / spot * float(call)) <= tolerance

    @pytest.mark.parametrize("row", rows("published_barrier_greeks")[:4], ids=lambda row: row["row"])
    def test_reverse_convertible(self, row):
        *values, vol, expiry = numbers(row, "spot", "strike", "barrier_or_lo", "vol", "t")
        result = greeks(*values, vol=vol, expiry=expiry, rate=float(row["r_cont"]), kind="down-in", option="put")
        # delta and gamma to the printed digit; price and vega, per point, are off by up to two of the last one
        for name in ("delta", "gamma"):
            assert round(float(getattr(result, name)), 4) == float(row[f"published_{name}"])
        assert abs(float(result.price) - float(row["published_price"])) <= 5e-4
        assert abs(float(result.vega) / 100.0 - float(row["published_vega"])) <= 2.5e-4

    def test_quantlib_cookbook(self):
        row = rows("published_barrier_greeks")[6]
        *values, vol, expiry = numbers(row, "spot", "strike", "barrier_or_lo", "vol", "t")
        result = greeks(*values, vol=vol, expiry=expiry, rate=float(row["r_cont"]), kind="up-in", option="call")
        assert float(result.price) == pytest.approx(float(row["published_price"]), rel=1e-12)
        # printed from bumps of 0.01 in the spot: good to the square of that
        assert float(result.delta) == pytest.approx(float(row["published_delta"]), abs=1e-6)
        assert float(result.gamma) == pytest.approx(float(row["published_gamma"]), abs=1e-6)

    @pytest.mark.parametrize("row", rows("published_barrier_greeks")[8:], ids=lambda row: row["row"])
    def test_benchop(self, row):
        *values, vol, expiry = numbers(row, "spot", "strike", "barrier_or_lo", "vol", "t")
        result = price(*values, vol=vol, expiry=expiry, rate=float(row["r_cont"]), kind="up-out", option="call")
        assert float(result) == pytest.approx(float(row["published_price"]), rel=5e-14)

    @pytest.mark.parametrize(
        "row", rows("mp_reference_single_barrier_greeks"), ids=lambda row: f"{row['set']}{row['row']}"
    )
    def test_twenty_digits(self, row):
        spot, strike, barrier, vol, expiry, rate, dividend, rebate = numbers(
            row, "spot", "strike", "barrier", "vol", "t", "r_cont", "q_cont", "rebate"
        )
        kind = row["barrier_type"].replace("_", "-")
        market = {"rate": rate, "dividend": dividend, "rebate": rebate, "kind": kind, "option": row["option_type"]}
        result = greeks(spot, strike, barrier, vol=vol, expiry=expiry, order=2, **market)
        for name, scale in zip(oracle.NAMES, oracle.scales(spot, vol, expiry), strict=True):
            expected = float(row["rho_q" if name == "rho_dividend" else name])
            error = abs(float(getattr(result, name)) - expected)
            assert error <= max(1e-11 * abs(expected), 1e-13 * scale), name
            if name == "price":
                assert error <= 1e-12 * spot


def draw(random, kind, rebate=True):
    """An option with its barrier on the right side of the spot."""
    spot = 100.0 * math.exp(random.normal(0.0, 0.3))
    away = math.exp(random.uniform(0.005, 0.6))
    return {
        "spot": spot,
        "strike": spot * math.exp(random.normal(0.0, 0.25)),
        "barrier": spot * away if kind.startswith("up") else spot / away,
        "vol": random.uniform(0.08, 1.0),
        "expiry": random.uniform(0.02, 3.0),
        "rate": random.uniform(-0.06, 0.12),
        "dividend": random.uniform(-0.06, 0.12),
        "rebate": random.uniform(0.0, 10.0) if rebate else 0.0,
    }


class TestAgainstMpmath:
    @pytest.mark.parametrize(("kind", "option"), TYPES)
    @pytest.mark.parametrize("seed", range(6))
    @pytest.mark.parametrize("rebate_at", ["hit", "expiry"])
    def test_price_and_every_greek(self, kind, option, rebate_at, seed):
        values = draw(np.random.default_rng([seed, KINDS.index(kind), option == "put"]), kind, seed % 2 == 1)
        if rebate_at == "expiry" and (kind.endswith("in") or values["rebate"] == 0.0):
            pytest.skip("there is no rebate that could be paid at the hit")
        result = greeks(**values, kind=kind, option=option, rebate_at=rebate_at, order=2)
        expected = oracle.outputs(**values, kind=kind, option=option, rebate_at=rebate_at)
        scales = oracle.scales(values["spot"], values["vol"], values["expiry"])
        for name, exact, scale in zip(oracle.NAMES, expected, scales, strict=True):
            error = abs(float(mp.mpf(float(getattr(result, name))) - exact))
            assert error <= max(2e-11 * abs(float(exact)), 2e-13 * scale), (name, values)

    @pytest.mark.parametrize(("kind", "option"), TYPES)
    def test_the_twin_itself_by_quadrature(self, kind, option):
        values = draw(np.random.default_rng([99, KINDS.index(kind), option == "put"]), kind)
        with mp.workdps(30):
            one = oracle.Option(values["strike"], values["barrier"], values["rebate"], kind, option)
            point = [mp.mpf(values[name]) for name in ("spot", "vol", "expiry", "rate", "dividend")]
            assert mp.almosteq(one.price(*point), one.by_quadrature(*point), rel_eps=mp.mpf(10) ** -12)

    @pytest.mark.parametrize("option", ["call", "put"])
    @pytest.mark.parametrize("distance", [1e-9, 1e-6, 1e-4])
    def test_close_to_the_barrier(self, option, distance):
        for kind in KINDS:
            spot = 100.0 * (1.0 - distance if kind.startswith("up") else 1.0 + distance)
            values = {"spot": spot, "strike": 105.0, "barrier": 100.0, "vol": 0.3, "expiry": 0.5}
            values |= {"rate": 0.04, "dividend": 0.01, "rebate": 0.0}
            result = greeks(**values, kind=kind, option=option)
            exact = oracle.outputs(**values, kind=kind, option=option, names=oracle.NAMES[:7])
            for name, value, scale in zip(oracle.NAMES, exact, oracle.scales(spot, 0.3, 0.5), strict=False):
                assert abs(float(getattr(result, name)) - float(value)) <= 2e-13 * scale + 1e-11 * abs(float(value)), (
                    name
                )

    @pytest.mark.parametrize("rate", [-0.01, -0.2, -1e-6, 0.0, 1e-6])
    def test_rebate_at_the_hit_when_lambda_is_imaginary_or_vanishes(self, rate):
        # lambda^2 = mu^2 + 2 r/vol^2, and mu = 0 where r - q = vol^2/2
        values = {"spot": 100.0, "strike": 100.0, "barrier": 90.0, "vol": 0.2, "expiry": 1.0, "rebate": 5.0}
        values |= {"rate": rate, "dividend": rate - 0.02}
        result = greeks(**values, kind="down-out", option="call", order=2)
        exact = oracle.outputs(**values, kind="down-out", option="call", digits=60)
        for name, value, scale in zip(oracle.NAMES, exact, oracle.scales(100.0, 0.2, 1.0), strict=True):
            assert abs(float(getattr(result, name)) - float(value)) <= 1e-12 * scale + 1e-11 * abs(float(value)), name


def sizes(price, values):
    """The natural size of each output of an option that is worth so little: it changes over the distance to the
    barrier or over a standard deviation, whichever is less, and in a tail the faster the further out it is."""
    spot, vol, expiry = (values[name] for name in ("spot", "vol", "expiry"))
    deviation = vol * math.sqrt(expiry)
    barrier, strike = (abs(math.log(values[name] / spot)) for name in ("barrier", "strike"))
    steep = max(1.0, min(barrier, strike) / deviation)
    x = max(1.0 / barrier, steep / deviation) / spot
    v, t = steep**2 / vol, steep**2 / expiry
    first = [1.0, x, x * x, v, t, expiry * x * spot, expiry * x * spot]
    return [price * size for size in [*first, x * v, v * v, x * t, x**3, x * x * v, x * x * t, v * t]]


class TestWhereTheTermsCancel:
    @pytest.mark.parametrize("kind", ["down-out", "up-out"])
    @pytest.mark.parametrize("gap", [1e-6, 1e-4, 1e-2, 0.3])
    @pytest.mark.parametrize("expiry", [1e-5, 0.3])
    def test_narrow_reverse_knock_outs(self, kind, gap, expiry):
        random = np.random.default_rng([*kind.encode(), round(1e6 * gap), round(1e5 * expiry)])
        values = draw(random, kind, rebate=False) | {"expiry": expiry}
        deviation, side = values["vol"] * math.sqrt(expiry), 1.0 if kind == "up-out" else -1.0
        distance = deviation * math.exp(random.uniform(math.log(0.01), math.log(3.0)))
        values["barrier"] = values["spot"] * math.exp(side * distance)
        values["strike"] = values["barrier"] * math.exp(-side * gap * deviation)
        option = "call" if kind == "up-out" else "put"
        result = greeks(**values, kind=kind, option=option, order=2)
        exact = oracle.outputs(**values, kind=kind, option=option, digits=80)
        for name, value, size in zip(oracle.NAMES, exact, sizes(float(exact[0]), values), strict=True):
            error = abs(float(getattr(result, name) - value))
            assert error <= 1e-10 * max(abs(float(value)), size), name

    @pytest.mark.parametrize(("kind", "option"), TYPES)
    @pytest.mark.parametrize("seed", range(2))
    def test_deep_tails(self, kind, option, seed):
        random = np.random.default_rng([seed, *kind.encode(), *option.encode()])
        values = draw(random, kind, rebate=False)
        deviation = values["vol"] * math.sqrt(values["expiry"])
        side = 1.0 if kind.startswith("up") else -1.0
        values["barrier"] = values["spot"] * math.exp(side * random.uniform(3.0, 10.0) * deviation)
        away = random.uniform(3.0, 10.0) * (1.0 if option == "call" else -1.0)
        values["strike"] = values["spot"] * math.exp(away * deviation)
        names = oracle.NAMES[:4]
        result = greeks(**values, kind=kind, option=option)
        exact = oracle.outputs(**values, kind=kind, option=option, names=names, digits=260)
        for name, value, size in zip(names, exact, sizes(float(exact[0]), values), strict=False):
            error = abs(float(getattr(result, name) - value))
            assert error <= 1e-10 * max(abs(float(value)), size), name

    @pytest.mark.parametrize(("kind", "option"), TYPES)
    @pytest.mark.parametrize("distance", [1e-12, 1e-9, 1e-6])
    def test_a_price_close_to_the_barrier(self, kind, option, distance):
        spot = 100.0 * (1.0 - distance if kind.startswith("up") else 1.0 + distance)
        values = {"spot": spot, "strike": 95.0, "barrier": 100.0, "vol": 0.3, "expiry": 0.5}
        values |= {"rate": 0.04, "dividend": 0.01, "rebate": 3.0 if kind.endswith("in") else 0.0}
        exact = oracle.outputs(**values, kind=kind, option=option, names=["price"], digits=60)[0]
        assert float(price(**values, kind=kind, option=option)) == pytest.approx(float(exact), rel=1e-11)

    @pytest.mark.parametrize(("kind", "option"), TYPES)
    def test_high_volatility(self, kind, option):
        random = np.random.default_rng([*kind.encode(), *option.encode()])
        values = draw(random, kind) | {"vol": random.uniform(4.0, 5.0)}
        result = greeks(**values, kind=kind, option=option, order=2)
        exact = oracle.outputs(**values, kind=kind, option=option)
        for name, value, scale in zip(
            oracle.NAMES, exact, oracle.scales(values["spot"], values["vol"], values["expiry"]), strict=True
        ):
            assert abs(float(getattr(result, name) - value)) <= max(1e-13 * scale, 1e-12 * abs(float(value))), name

    def test_adversaries(self):
        with np.errstate(invalid="raise", divide="raise"):
            for rule, missed in adversary.RUNS["options"](100_000, 3).items():
                # lanes and careful routine may differ by a fused multiply-add, and by what cancels
                bound = {"NaN": 0, "lanes - careful routine": 1e-12 / adversary.ULP}.get(rule, 4.0)
                assert missed <= bound, rule


def adversarial(count, seed):
    """Barriers from touching to a hundred times away, vols to 5, up to fifty years, odd rates."""
    random = np.random.default_rng(seed)
    barrier = np.full(count, 100.0)
    distance = 10.0 ** random.uniform(-12, 2, count)
    up = random.random(count) < 0.5
    spot = np.where(up, barrier / (1.0 + distance), barrier * (1.0 + distance))
    strike = barrier * np.exp(random.normal(0, 1, count) * 10.0 ** random.uniform(-3, 0.7, count))
    vol = 10.0 ** random.uniform(-4, math.log10(5.0), count)
    expiry = 10.0 ** random.uniform(-6, math.log10(50.0), count)
    rates = {"rate": random.uniform(-0.2, 0.5, count), "dividend": random.uniform(-0.2, 0.5, count)}
    return up, (spot, strike, barrier, vol, expiry), rates


class TestIdentities:
    @pytest.mark.parametrize("option", ["call", "put"])
    def test_bounds_and_parity_of_adversarial_options(self, option):
        up, values, rates = adversarial(50_000, 1)
        spot, strike, _, vol, expiry = values
        values, rates = values[:3], {**rates, "vol": vol, "expiry": expiry}
        kinds = [np.where(up, f"up-{end}", f"down-{end}") for end in ("in", "out")]
        with np.errstate(all="raise"):
            inside, outside = (greeks(*values, **rates, kind=kind, option=option, order=2) for kind in kinds)
            # a barrier that was passed long ago leaves the plain option
            plain = price(
                spot,
                strike,
                spot * np.where(up, 0.5, 2.0),
                **rates,
                kind=kinds[0],
                option=option,
            )
            unit = price(*values, **rates, rebate=1.0, kind=kinds[0], option=option) - inside.price
            touch = price(*values, **rates, rebate=1.0, kind=kinds[1], option=option) - outside.price
        for name in BarrierGreeks._fields:
            assert not np.isnan(getattr(inside, name)).any(), name
            assert not np.isnan(getattr(outside, name)).any(), name
        scale = spot * np.exp(-rates["dividend"] * expiry) + strike * np.exp(-rates["rate"] * expiry)
        rounding = 4 * 2.0**-52 * scale
        assert (np.abs(inside.price + outside.price - plain) <= rounding).all()
        for part in (inside.price, outside.price):
            assert (part >= 0.0).all()
            assert (part <= plain + rounding).all()
        discount = np.exp(-rates["rate"] * expiry)
        assert (unit >= -1e-12 * scale).all()
        assert (unit <= discount + 1e-12 * scale).all()
        assert (touch >= -1e-12 * scale).all()
        assert (touch <= np.maximum(discount, 1.0) + 1e-12 * scale).all()

    @given(seed=st.integers(0, 10_000), kind=st.sampled_from(TYPES))
    def test_black_scholes_equation(self, seed, kind):
        kind, option = kind
        values = draw(np.random.default_rng(seed), kind)
        one = greeks(**values, kind=kind, option=option, order=2)
        s, vol, r, q = (values[name] for name in ("spot", "vol", "rate", "dividend"))
        # theta + (r - q) S delta + vol^2 S^2 gamma/2 = r V, and its derivatives in S and vol
        residuals = (
            (one.theta, (r - q) * s * one.delta, 0.5 * vol**2 * s**2 * one.gamma, -r * one.price),
            (one.charm, -q * one.delta, ((r - q) + vol**2) * s * one.gamma, 0.5 * vol**2 * s**2 * one.speed),
            (
                one.veta,
                (r - q) * s * one.vanna,
                vol * s**2 * one.gamma,
                0.5 * vol**2 * s**2 * one.zomma,
                -r * one.vega,
            ),
        )
        for terms in residuals:
            assert abs(sum(terms)) <= 1e-12 * (sum(map(abs, terms)) + 1e-3)

    @given(seed=st.integers(0, 10_000), kind=st.sampled_from(TYPES), power=st.integers(-20, 20))
    def test_the_unit_of_money_does_not_matter(self, seed, kind, power):
        kind, option = kind
        values = draw(np.random.default_rng(seed), kind)
        unit = 2.0**power
        money = {name: values[name] * unit for name in ("spot", "strike", "barrier", "rebate")}
        one, other = (greeks(**v, kind=kind, option=option, order=2) for v in (values, {**values, **money}))
        degrees = {"delta": 0, "vanna": 0, "charm": 0, "gamma": -1, "zomma": -1, "color": -1, "speed": -2}
        for name in BarrierGreeks._fields:
            expected = getattr(one, name) * unit ** degrees.get(name, 1)
            np.testing.assert_allclose(getattr(other, name), expected, rtol=1e-10, atol=1e-300, err_msg=name)

    @given(seed=st.integers(0, 10_000), kind=st.sampled_from(TYPES))
    def test_linear_in_the_rebate(self, seed, kind):
        kind, option = kind
        values = draw(np.random.default_rng(seed), kind)
        none, one, four = (
            float(price(**{**values, "rebate": rebate}, kind=kind, option=option)) for rebate in (0.0, 1.0, 4.0)
        )
        assert four - none == pytest.approx(4.0 * (one - none), abs=1e-12 * values["spot"])

    @given(seed=st.integers(0, 10_000), kind=st.sampled_from(TYPES))
    def test_orders_agree(self, seed, kind):
        kind, option = kind
        values = draw(np.random.default_rng(seed), kind)
        first, second = (greeks(**values, kind=kind, option=option, order=order) for order in (1, 2))
        assert first[7:] == (None,) * 7
        for i, scale in enumerate(oracle.scales(values["spot"], values["vol"], values["expiry"])[:7]):
            assert float(first[i]) == pytest.approx(float(second[i]), rel=1e-12, abs=1e-14 * scale)
        assert float(first.price) == pytest.approx(float(price(**values, kind=kind, option=option)), rel=1e-13)


class TestEdges:
    MARKET = {"rate": 0.05, "dividend": 0.02}  # noqa: RUF012

    @pytest.mark.parametrize(("kind", "option"), TYPES)
    def test_at_the_barrier(self, kind, option):
        value = greeks(100.0, 95.0, 100.0, vol=0.3, expiry=1.0, rebate=3.0, kind=kind, option=option, **self.MARKET)
        if kind.endswith("out"):
            assert value.price == 3.0
        else:
            plain = price(100.0, 95.0, 200.0, vol=0.3, expiry=1.0, kind="down-in", option=option, **self.MARKET)
            assert float(value.price) == pytest.approx(float(plain), rel=1e-15)
        # the Greeks are the limits from the living side
        beside = 100.0 * (1.0 - 1e-9 if kind.startswith("up") else 1.0 + 1e-9)
        limit = greeks(beside, 95.0, 100.0, vol=0.3, expiry=1.0, rebate=3.0, kind=kind, option=option, **self.MARKET)
        for name in BarrierGreeks._fields[1:7]:
            assert float(getattr(value, name)) == pytest.approx(float(getattr(limit, name)), rel=1e-5, abs=1e-5), name

    @pytest.mark.parametrize(("kind", "option"), TYPES)
    def test_beyond_the_barrier(self, kind, option):
        spot = 110.0 if kind.startswith("up") else 90.0
        value = greeks(
            spot, 95.0, 100.0, vol=0.3, expiry=1.0, rebate=3.0, kind=kind, option=option, order=2, **self.MARKET
        )
        if kind.endswith("out"):
            assert value.price == 3.0
            assert all(float(part) == 0.0 for part in value[1:])
        else:
            with mp.workdps(30):
                s, forward = mp.mpf("0.3"), spot * mp.exp(mp.mpf("0.03"))
                d1 = mp.log(forward / 95) / s + s / 2
                sign = 1 if option == "call" else -1
                plain = (
                    sign
                    * mp.exp(mp.mpf("-0.05"))
                    * (forward * oracle.cdf(sign * d1) - 95 * oracle.cdf(sign * (d1 - s)))
                )
                delta = sign * mp.exp(mp.mpf("-0.02")) * oracle.cdf(sign * d1)
            assert float(value.price) == pytest.approx(float(plain), rel=1e-14)
            assert float(value.delta) == pytest.approx(float(delta), rel=1e-14)

    @pytest.mark.parametrize(("kind", "option"), TYPES)
    def test_expired(self, kind, option):
        spot = 90.0 if kind.startswith("up") else 110.0
        value = price(spot, 100.0, 100.0, vol=0.3, expiry=0.0, rebate=3.0, kind=kind, option=option)
        intrinsic = max(spot - 100.0, 0.0) if option == "call" else max(100.0 - spot, 0.0)
        assert value == (intrinsic if kind.endswith("out") else 3.0)
        spot = 200.0 - spot
        value = price(spot, 100.0, 100.0, vol=0.3, expiry=0.0, rebate=3.0, kind=kind, option=option)
        intrinsic = max(spot - 100.0, 0.0) if option == "call" else max(100.0 - spot, 0.0)
        assert value == (3.0 if kind.endswith("out") else intrinsic)

    def test_no_volatility_is_a_certain_path(self):
        # forward 100 e^(0.1) touches 105 at t = ln(1.05)/0.1
        market = {"rate": 0.1, "option": "call"}
        assert float(price(100.0, 90.0, 105.0, vol=0.0, expiry=1.0, kind="up-in", **market)) == pytest.approx(
            100.0 - 90.0 * math.exp(-0.1), rel=1e-14
        )
        moment = math.log(1.05) / 0.1
        assert float(
            price(100.0, 90.0, 105.0, vol=0.0, expiry=1.0, rebate=4.0, kind="up-out", **market)
        ) == pytest.approx(4.0 * math.exp(-0.1 * moment), rel=1e-14)
        assert float(
            price(100.0, 90.0, 120.0, vol=0.0, expiry=1.0, rebate=4.0, kind="up-in", **market)
        ) == pytest.approx(4.0 * math.exp(-0.1), rel=1e-14)

    @pytest.mark.parametrize(("kind", "option"), TYPES)
    def test_small_volatility_goes_to_none(self, kind, option):
        spot = 95.0 if kind.startswith("up") else 105.0
        market = {"rate": 0.01, "dividend": 0.03, "rebate": 2.0, "kind": kind, "option": option}
        small, none = (float(price(spot, 98.0, 100.0, vol=vol, expiry=1.0, **market)) for vol in (1e-6, 0.0))
        assert small == pytest.approx(none, abs=1e-3)

    @pytest.mark.parametrize("name", ["spot", "strike", "barrier", "vol", "expiry", "rate", "dividend", "rebate"])
    def test_nan_is_quiet_and_alone(self, name):
        values = {key: np.full(70, value) for key, value in draw(np.random.default_rng(0), "down-in").items()}
        clean = greeks(**values, kind="down-in", option="put", order=2)
        values[name][13] = math.nan
        with np.errstate(all="raise"):
            hurt = greeks(**values, kind="down-in", option="put", order=2)
        for one, other in zip(hurt, clean, strict=True):
            assert np.isnan(one[13])
            np.testing.assert_array_equal(np.delete(one, 13), np.delete(other, 13))

    @pytest.mark.parametrize("name", ["spot", "strike", "barrier", "vol", "expiry"])
    @pytest.mark.parametrize("value", [-1.0, math.inf, -math.inf])
    def test_out_of_domain_is_nan_and_invalid(self, name, value):
        values = {**draw(np.random.default_rng(0), "down-in"), name: value}
        with np.errstate(invalid="raise"), pytest.raises(FloatingPointError):
            price(**values, kind="down-in", option="put")
        with np.errstate(invalid="ignore"):
            assert all(math.isnan(part) for part in greeks(**values, kind="down-in", option="put", order=2))

    @given(
        values=st.lists(st.floats(allow_nan=True, allow_infinity=True), min_size=8, max_size=8),
        kind=st.sampled_from(TYPES),
    )
    def test_any_numbers_at_all_end(self, values, kind):
        names = ("spot", "strike", "barrier", "vol", "expiry", "rate", "dividend", "rebate")
        kind, option = kind
        with np.errstate(all="ignore"):
            result = greeks(**dict(zip(names, values, strict=True)), kind=kind, option=option, order=2)
        assert len(result) == 14
        if any(math.isnan(value) for value in values):
            assert all(math.isnan(part) for part in result)

    def test_rebates_paid_late(self):
        keywords = {
            "rate": 0.05,
            "rebate": 10.0,
            "kind": "down-out",
            "option": "put",
            "rebate_at": "expiry",
            "order": 2,
        }
        discount = math.exp(-0.05 * 2.0)
        for spot in (100.0, 90.0):
            value = greeks(spot, 95.0, 100.0, vol=0.3, expiry=2.0, **keywords)
            assert float(value.price) == pytest.approx(10.0 * discount, rel=1e-15)
        assert float(value.theta) == pytest.approx(0.5 * discount, rel=1e-14)
        assert float(value.rho) == pytest.approx(-20.0 * discount, rel=1e-14)
        assert float(value.delta) == float(value.vega) == 0.0
        # a certain path that falls through the barrier half way: the rebate waits
        del keywords["order"]
        value = price(100.0, 100.0, 90.0, vol=0.0, expiry=2.0, dividend=0.15, **keywords)
        assert float(value) == pytest.approx(10.0 * discount, rel=1e-15)


class TestArrays:
    def test_kinds_row_by_row(self):
        random = np.random.default_rng(3)
        kinds = [TYPES[i % 8] for i in range(200)]
        values = [draw(random, kind) for kind, _ in kinds]
        columns = {name: np.array([value[name] for value in values]) for name in values[0]}
        result = greeks(**columns, kind=[k for k, _ in kinds], option=[o for _, o in kinds], order=2)
        for i, (kind, option) in enumerate(kinds):
            one = greeks(**values[i], kind=kind, option=option, order=2)
            for name in BarrierGreeks._fields:
                np.testing.assert_array_equal(getattr(result, name)[i], getattr(one, name), err_msg=name)

    def test_broadcasting(self):
        result = greeks(
            np.linspace(80.0, 120.0, 5)[:, None],
            100.0,
            70.0,
            vol=np.array([0.2, 0.4, 0.6]),
            expiry=1.0,
            kind="down-in",
            option="put",
        )
        assert all(part.shape == (5, 3) for part in result[:7])
        assert price(
            [90.0, 100.0], 100.0, 80.0, vol=0.2, expiry=1.0, kind=[["down-in"], ["down-out"]], option="put"
        ).shape == (2, 2)

    def test_out(self):
        spot = np.linspace(80.0, 120.0, 70)
        before = greeks(spot, 100.0, 70.0, vol=0.2, expiry=1.0, kind="down-in", option="put")
        again = greeks(spot, 100.0, 70.0, vol=0.4, expiry=1.0, out=before, kind="down-in", option="put")
        assert all(one is other for one, other in zip(before[:7], again[:7], strict=True))
        np.testing.assert_array_equal(
            again.price, price(spot, 100.0, 70.0, vol=0.4, expiry=1.0, kind="down-in", option="put")
        )
        both = greeks(spot, 100.0, 70.0, vol=0.2, expiry=1.0, order=2, kind="down-in", option="put")
        assert (
            greeks(spot, 100.0, 70.0, vol=0.3, expiry=1.0, order=2, out=both, kind="down-in", option="put").veta
            is both.veta
        )
        out = np.empty(70)
        assert price(spot, 100.0, 70.0, vol=0.2, expiry=1.0, out=out, kind="down-in", option="put") is out

    @pytest.mark.parametrize("name", BarrierGreeks._fields)
    def test_each_output_alone(self, name):
        random = np.random.default_rng(4)
        values = [draw(random, TYPES[i % 8][0]) for i in range(100)]
        columns = {key: np.array([value[key] for value in values]) for key in values[0]}
        types = {"kind": [TYPES[i % 8][0] for i in range(100)], "option": [TYPES[i % 8][1] for i in range(100)]}
        order = 1 if name in BarrierGreeks._fields[:7] else 2
        together = greeks(**columns, **types, order=order, rebate_at="expiry")
        alone = getattr(sg.barrier, name)(**columns, **types, rebate_at="expiry")
        np.testing.assert_array_equal(alone, getattr(together, name))

    def test_scalars_are_scalars(self):
        assert isinstance(price(100.0, 100.0, 80.0, vol=0.2, expiry=1.0, kind="down-in", option="put"), np.float64)
        assert price(100, 100, 80, vol=0.2, expiry=1, kind="down-in", option="put") == price(
            100.0, 100.0, 80.0, vol=0.2, expiry=1.0, kind="down-in", option="put"
        )

    def test_pandas(self):
        pd = pytest.importorskip("pandas")
        frame = pd.DataFrame({"spot": [90.0, 110.0], "vol": [0.2, 0.3], "option": ["put", "call"]}, index=["a", "b"])
        result = greeks(
            frame["spot"], 100.0, 80.0, vol=frame["vol"], expiry=1.0, option=frame["option"], kind="down-in"
        )
        assert list(result.delta.index) == ["a", "b"]
        one = greeks(110.0, 100.0, 80.0, vol=0.3, expiry=1.0, option="call", kind="down-in")
        assert result.delta["b"] == one.delta

    def test_inputs_are_left_alone(self):
        spot = np.array([100.0, 50.0, -1.0, math.nan])
        spot.flags.writeable = False
        with np.errstate(invalid="ignore"):
            greeks(spot, 100.0, 70.0, vol=0.2, expiry=1.0, kind="down-in", option="put")
        np.testing.assert_array_equal(spot, [100.0, 50.0, -1.0, math.nan])


TERMS = {"vol": 0.2, "expiry": 1.0, "kind": "down-in", "option": "put"}


def call(*values, **keywords):
    return lambda: price(*(values or (100.0, 100.0, 80.0)), **{**TERMS, **keywords})


def call_greeks(**keywords):
    return lambda: greeks(100.0, 100.0, 80.0, **TERMS, **keywords)


ALL_KINDS = "'down-in', 'up-in', 'down-out', 'up-out'"
WRONG_CALLS = [
    (call(kind="down"), ValueError, f"kind must be one of {ALL_KINDS}, got 'down'"),
    (call(kind="knock-in"), ValueError, f"kind must be one of {ALL_KINDS}, got 'knock-in'"),
    (call(kind=["down-in", "down_into"]), ValueError, f"kind[1] must be one of {ALL_KINDS}, got 'down_into'"),
    (
        call(kind=[["up-in", "up-in"], ["up-in", "up"]]),
        ValueError,
        f"kind[1, 1] must be one of {ALL_KINDS}, got 'up'",
    ),
    (call(kind=1), TypeError, "kind must be a string or an array of strings, got int"),
    (call(kind=None), TypeError, "kind must be a string or an array of strings, got None"),
    (call(kind=[0, 1]), TypeError, "kind must be a string or an array of strings, got dtype int64"),
    (call(option="putt"), ValueError, "option must be one of 'call', 'put', got 'putt'"),
    (call(option=["call", "both"]), ValueError, "option[1] must be one of 'call', 'put', got 'both'"),
    (call(rebate_at="now"), ValueError, "rebate_at must be one of 'hit', 'expiry', got 'now'"),
    (call(option=1.0), TypeError, "option must be a string or an array of strings, got float"),
    (call("spot", 100.0, 80.0), TypeError, "spot must be a number or an array of numbers, got 'spot'"),
    (call(100.0, None, 80.0), TypeError, "strike must be a number or an array of numbers, got None"),
    (
        call(100.0, 100.0, [1j]),
        TypeError,
        "barrier must be a number or an array of numbers, got dtype complex128",
    ),
    (
        call(vol=[[0.1], [0.1, 0.2]]),
        ValueError,
        "vol must be a number or an array of numbers, got a ragged sequence",
    ),
    (
        call(expiry=np.array(["2025-01-01"], dtype="M8[D]")),
        TypeError,
        "expiry must be a number or an array of numbers, got dtype datetime64[D]",
    ),
    (call(rate="5 %"), TypeError, "rate must be a number or an array of numbers, got '5 %'"),
    (
        call(np.ones(3), np.ones(2), 80.0),
        ValueError,
        "strike of shape (2,) does not broadcast with spot of shape (3,)",
    ),
    (
        call(np.ones((2, 3)), 100.0, 80.0, rebate=np.ones((3, 2))),
        ValueError,
        "rebate of shape (3, 2) does not broadcast with spot of shape (2, 3)",
    ),
    (call(out=[1.0]), TypeError, "out must be an array, got list"),
    (call(np.ones(3), 1.0, 80.0, out=np.empty(2)), ValueError, "out has shape (2,), the result has (3,)"),
    (call(out=np.empty((), dtype=np.int32)), TypeError, "out must be an array that takes float64, got dtype int32"),
    (call_greeks(order=3), ValueError, "order must be 1 or 2, got 3"),
    (call_greeks(order="all"), ValueError, "order must be 1 or 2, got 'all'"),
    (call_greeks(out=np.empty(7)), TypeError, "out must be a BarrierGreeks or a tuple of 7 arrays, got ndarray"),
    (call_greeks(out=(np.empty(()),) * 3), ValueError, "out must hold 7 arrays, got 3"),
    (call_greeks(order=2, out=(np.empty(()),) * 7), ValueError, "out must hold 14 arrays, got 7"),
]


test_wrong_calls_say_what_is_wrong = refused(WRONG_CALLS)


class TestOneOption:
    """Of Python's own numbers: the same price as in an array, without the arrays of a ufunc."""

    @pytest.mark.parametrize("kind", ["down-in", "down-out", "up-in", "up-out"])
    @pytest.mark.parametrize("option", ["call", "put"])
    def test_is_that_of_an_array(self, kind, option):
        random = np.random.default_rng(11)
        columns = [random.uniform(80.0, 120.0, 50) for _ in range(3)]
        columns += [random.choice([0.0, 0.1, 0.4], 50), random.choice([0.0, 0.5, 2.0], 50)]
        terms = {"rate": 0.05, "dividend": -0.02, "rebate": 3.0, "kind": kind, "option": option, "rebate_at": "expiry"}
        several = sg.barrier.price(*columns[:3], vol=columns[3], expiry=columns[4], **terms)
        for expected, *row in zip(several, *columns, strict=True):
            *prices, vol, expiry = (float(x) for x in row)
            one = sg.barrier.price(*prices, vol=vol, expiry=expiry, **terms)
            assert type(one) is np.float64
            assert one == expected

    def test_whole_numbers(self):
        assert sg.barrier.price(
            100, 95, 80, vol=1, expiry=2, rebate=3, kind="down-out", option="put"
        ) == sg.barrier.price([100.0], 95.0, 80.0, vol=1.0, expiry=2.0, rebate=3.0, kind="down-out", option="put")
        with pytest.raises(ValueError, match=r"^spot must be a number that a double can hold, got one of 401 digits$"):
            sg.barrier.price(10**400, 95, 80, vol=1, expiry=2, kind="down-in", option="put")

    def test_out_of_domain(self):
        with pytest.warns(RuntimeWarning, match="invalid value"):
            assert np.isnan(sg.barrier.price(-100.0, 95.0, 80.0, vol=0.3, expiry=1.0, kind="down-in", option="put"))
        with np.errstate(all="raise"):
            assert np.isnan(sg.barrier.price(math.nan, 95.0, 80.0, vol=0.3, expiry=1.0, kind="down-in", option="put"))
            with pytest.raises(FloatingPointError):
                sg.barrier.price(100.0, 95.0, 80.0, vol=-0.3, expiry=1.0, kind="down-in", option="put")
