"""The state of barrier options, and quanto options by their dividend yield."""

import csv
import math
from pathlib import Path

import numpy as np
import pytest
from mpmath import mp
from oracle.barrier import single as oracle

import shortgamma as sg
from shortgamma.barrier import quanto_dividend, quanto_greeks, status

with (Path(__file__).parents[1] / "data" / "barrier_quanto.csv").open(encoding="utf-8", newline="") as _file:
    ROWS = list(csv.DictReader(_file))
# spot, strike, barrier, vol, expiry of a living down option
LIVING = {"spot": 100.0, "strike": 95.0, "barrier": 90.0, "vol": 0.3, "expiry": 1.0}


class TestQuanto:
    @pytest.mark.parametrize("row", [row for row in ROWS if row["kind"] != "double"], ids=lambda row: row["row"])
    def test_published(self, row):
        spot, strike, dividend, rate, expiry, vol, foreign, fx_vol, correlation = (
            float(row[name])
            for name in (
                "spot",
                "strike",
                "q_asset",
                "r_domestic_quote_ccy",
                "t_act360",
                "vol",
                "fx_rate_r_f",
                "fx_vol",
                "rho_asset_fx",
            )
        )
        adjusted = float(
            quanto_dividend(
                dividend=dividend, rate=rate, foreign_rate=foreign, vol=vol, fx_vol=fx_vol, correlation=correlation
            )
        )
        single = row["kind"] == "single"
        value = sg.barrier.price(
            spot,
            strike,
            # a plain option is a knock-in that was knocked in
            float(row["barrier_or_lo"]) if single else 2.0 * spot,
            vol=vol,
            expiry=expiry,
            rate=rate,
            dividend=adjusted,
            rebate=float(row["rebate"]) if single else 0.0,
            kind=row["barrier_type"].replace("_", "-") if single else "down-in",
            option=row["option_type"],
        )
        assert abs(float(value) - float(row["expected"])) <= float(row["tol"])

    def test_against_the_drift_of_the_payout_measure(self):
        # the asset drifts at r_f - q - rho s s_x and the payout is discounted at r
        with mp.workdps(30):
            q, r, r_f, s, s_x, rho = (mp.mpf(x) for x in ("0.01", "0.03", "0.05", "0.4", "0.15", "-0.35"))
            drift = r_f - q - rho * s * s_x
        actual = float(
            quanto_dividend(dividend=0.01, rate=0.03, foreign_rate=0.05, vol=0.4, fx_vol=0.15, correlation=-0.35)
        )
        assert actual == pytest.approx(float(r - drift), rel=1e-15)

    def test_sensitivities(self):
        # each by differences of the oracle, with the yield moving along
        point = {"dividend": 0.01, "rate": 0.02, "foreign_rate": 0.05, "vol": 0.3, "fx_vol": 0.1, "correlation": 0.5}
        greek_of = {
            "rho_dividend": "dividend",
            "rho": "rate",
            "rho_foreign": "foreign_rate",
            "vega": "vol",
            "fx_vega": "fx_vol",
            "correlation": "correlation",
        }
        plain = sg.barrier.greeks(
            100.0,
            95.0,
            90.0,
            vol=0.3,
            expiry=1.0,
            rate=0.02,
            dividend=quanto_dividend(**point),
            kind="down-in",
            option="put",
        )
        actual = quanto_greeks(plain, vol=0.3, fx_vol=0.1, correlation=0.5)
        assert actual[:3] == plain[:3]
        assert actual.theta == plain.theta
        for greek, name in greek_of.items():

            def price(value, name=name):
                q, r, r_f, s, s_x, rho = ((point | {name: value})[key] for key in point)
                one = oracle.Option(95.0, 90.0, 0.0, "down-in", "put")
                return one.price(
                    mp.mpf(100), mp.mpf(s), mp.mpf(1), mp.mpf(r), q + mp.mpf(r) - r_f + rho * mp.mpf(s) * s_x
                )

            with mp.workdps(40):
                exact = mp.diff(price, mp.mpf(point[name]))
            assert float(getattr(actual, greek)) == pytest.approx(float(exact), rel=1e-12), greek

    def test_sensitivities_broadcast_and_refuse(self):
        plain = sg.barrier.greeks(100.0, 95.0, 90.0, vol=0.3, expiry=1.0, kind="down-in", option="put")
        assert quanto_greeks(plain, vol=0.3, fx_vol=[0.1, 0.2], correlation=[[0.5], [-0.5]]).correlation.shape == (2,)
        assert quanto_greeks(plain, vol=0.3, fx_vol=[0.1, 0.2], correlation=[[0.5], [-0.5]]).vega.shape == (2, 2)
        with pytest.raises(TypeError, match=r"^greeks must be price and Greeks of a barrier option, got float$"):
            quanto_greeks(1.0, vol=0.3, fx_vol=0.1, correlation=0.5)
        with pytest.raises(TypeError, match=r"^vol must be a number or an array of numbers, got 'low'$"):
            quanto_greeks(plain, vol="low", fx_vol=0.1, correlation=0.5)

    @pytest.mark.parametrize(
        ("name", "value"), [("vol", -0.1), ("fx_vol", -0.1), ("correlation", 1.1), ("correlation", -1.1)]
    )
    def test_out_of_domain(self, name, value):
        numbers = {
            "dividend": 0.0,
            "rate": 0.0,
            "foreign_rate": 0.0,
            "vol": 0.2,
            "fx_vol": 0.1,
            "correlation": 0.5,
            name: value,
        }
        with np.errstate(invalid="raise"), pytest.raises(FloatingPointError):
            quanto_dividend(**numbers)
        with np.errstate(invalid="ignore"):
            assert math.isnan(quanto_dividend(**numbers))

    def test_nan_is_quiet_and_series_stay_series(self):
        with np.errstate(all="raise"):
            result = quanto_dividend(
                dividend=[0.01, math.nan], rate=0.02, foreign_rate=0.03, vol=0.2, fx_vol=0.1, correlation=[0.5, 0.5]
            )
        assert np.isnan(result).tolist() == [False, True]
        pd = pytest.importorskip("pandas")
        series = quanto_dividend(
            dividend=pd.Series([0.01, 0.02], index=["a", "b"]),
            rate=0.02,
            foreign_rate=0.03,
            vol=0.2,
            fx_vol=0.1,
            correlation=0.5,
        )
        assert list(series.index) == ["a", "b"]

    def test_wrong_type(self):
        with pytest.raises(TypeError, match=r"^fx_vol must be a number or an array of numbers, got 'low'$"):
            quanto_dividend(dividend=0.0, rate=0.0, foreign_rate=0.0, vol=0.2, fx_vol="low", correlation=0.5)


class TestStatus:
    def test_each_state(self):
        assert status(**LIVING, kind="down-in") == "alive"
        assert status(**LIVING | {"spot": 90.0}, kind="down-in") == "knocked"
        assert status(**LIVING | {"spot": 80.0}, kind="down-in") == "knocked"
        assert status(**LIVING | {"spot": 80.0}, kind="up-out") == "alive"
        assert status(**LIVING | {"spot": 95.0}, kind="up-in") == "knocked"
        assert status(**LIVING | {"expiry": 0.0}, kind="down-in") == "expired"
        assert status(**LIVING | {"spot": 90.0, "expiry": 0.0}, kind="down-in") == "knocked"

    @pytest.mark.parametrize("name", list(LIVING))
    @pytest.mark.parametrize("value", [math.nan, math.inf, -1.0])
    def test_invalid_where_the_price_is_nan(self, name, value):
        values = LIVING | {name: value}
        with np.errstate(invalid="ignore"):
            assert math.isnan(sg.barrier.price(**values, kind="down-in", option="put"))
        with np.errstate(all="raise"):
            assert status(**values, kind="down-in") == "invalid"

    @pytest.mark.parametrize("name", ["rate", "dividend", "rebate"])
    def test_invalid_terms(self, name):
        assert status(**LIVING, **{name: math.inf}, kind="down-in") == "invalid"
        assert status(**LIVING, **{name: -0.5}, kind="down-in") == "alive"

    def test_arrays(self):
        result = status([[100.0], [80.0]], 95.0, 90.0, vol=0.3, expiry=1.0, kind=["down-in", "up-in", "down-out"])
        assert result.tolist() == [["alive", "knocked", "alive"], ["knocked", "alive", "knocked"]]

    def test_wrong_kind(self):
        with pytest.raises(ValueError, match=r"^kind must be one of .*, got 'in'$"):
            status(**LIVING, kind="in")
