"""Basis, tenors and forwards of a curve of futures."""

import csv
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import shortgamma as sg

carry = sg.carry


def test_three_ways_to_annualize():
    basis = {
        "simple": 0.121666666666667,
        "compound": 0.128695294159390,
        "continuous": 0.121062358713545,
    }
    for compounding, expected in basis.items():
        found = carry.annualized_basis(101_000.0, 100_000.0, 30 / 365, compounding=compounding)
        assert float(found) == pytest.approx(expected, rel=1e-14)
    assert float(carry.annualized_basis(101_000.0, 100_000.0, 30 / 360)) == pytest.approx(0.12, rel=1e-15)


@given(
    spot=st.floats(1.0, 1e6),
    ratio=st.floats(0.8, 1.25),
    years=st.floats(7 / 365, 2.0),
    compounding=st.sampled_from(["simple", "compound", "continuous"]),
)
def test_implied_price_is_the_inverse(spot, ratio, years, compounding):
    futures = spot * ratio
    basis = carry.annualized_basis(futures, spot, years, compounding=compounding)
    again = float(carry.implied_price(basis, spot, years, compounding=compounding))
    # a compounded basis near -1 has lost digits of 1 + basis, which no inverse brings back
    lost = years * abs(basis) / (1.0 + basis) if compounding == "compound" else 0.0
    assert abs(again - futures) <= (2.0 + lost) * np.spacing(max(futures, spot))


@pytest.mark.parametrize("compounding", ["simple", "compound", "continuous"])
def test_out_of_domain(compounding):
    good = [101.0, 100.0, 0.5]
    for place, value in [(0, 0.0), (0, -1.0), (0, np.inf), (1, 0.0), (1, -2.0), (2, 0.0), (2, -0.1), (2, np.inf)]:
        values = [np.array([number, number]) for number in good]
        values[place][1] = value
        with np.errstate(invalid="raise"), pytest.raises(FloatingPointError):
            carry.annualized_basis(*values, compounding=compounding)
        with np.errstate(invalid="ignore"):
            found = carry.annualized_basis(*values, compounding=compounding)
        np.testing.assert_array_equal(np.isnan(found), [False, True])
    with np.errstate(all="raise"):
        for place in range(3):
            values = [np.nan if i == place else number for i, number in enumerate(good)]
            assert np.isnan(carry.annualized_basis(*values, compounding=compounding))


def test_forward_carry():
    found = carry.forward_carry(101.0, 103.0, 0.25, 0.5)
    assert float(found) == pytest.approx((103 / 101 - 1) / 0.25, rel=1e-14)
    found = carry.forward_carry(101.0, 103.0, 0.25, 0.5, compounding="compound")
    assert float(found) == pytest.approx((103 / 101) ** 4 - 1, rel=1e-14)
    found = carry.forward_carry(101.0, 103.0, 0.0, 0.5, compounding="continuous")
    assert float(found) == pytest.approx(2 * math.log(103 / 101), rel=1e-14)
    with np.errstate(invalid="ignore"):
        assert np.isnan(carry.forward_carry(101.0, 103.0, [0.5, 0.6, -0.1], 0.5)).all()
    with np.errstate(invalid="raise"), pytest.raises(FloatingPointError):
        carry.forward_carry(101.0, 103.0, 0.5, 0.5)


@pytest.fixture(scope="module")
def forwards(market):
    path = market / "carry" / "options" / "deribit_btc_forwards_inferred_2026.csv"
    with path.open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["snapshot"].startswith("2026-01-23")]
    rows.sort(key=lambda row: float(row["T"]))
    return [np.array([float(row[name]) for row in rows]) for name in ("forward", "T")]


def test_forward_carry_of_a_real_curve(forwards):
    prices, years = forwards
    expected = [
        0.039773971200, 0.082529048678, 0.070680812074, 0.071603823845, 0.017067376486, 0.047844437054, 0.047678637199,
        0.047814746109, 0.043304213738, 0.052354848444, 0.057174859066,
    ]  # fmt: skip
    found = carry.forward_carry(prices[:-1], prices[1:], years[:-1], years[1:], compounding="continuous")
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_constant_maturities_of_a_real_curve(forwards, reference):
    prices, years = forwards
    with (reference / "carry" / "constant_maturity_2026-01-23.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 72
    for row in rows:
        method = row["method"]
        found = carry.constant_maturity(prices, years, float(row["spot"]), float(row["days"]) / 365, method=method)
        assert float(found) == pytest.approx(float(row["annualized_basis"]), rel=1e-12)
        if method == "price":
            published = carry.constant_maturity(
                prices, years, float(row["spot"]), float(row["days"]) / 365, method="coinmetrics"
            )
            assert published == found


@pytest.fixture(scope="module")
def cme(market):
    """Daily columns of CME, 2019-02 to 2024-02."""
    with (market / "carry" / "cme_btc" / "cme_btc_basis_derived.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    numbers = {name: np.array([float(row[name] or "nan") for row in rows]) for name in rows[0] if name != "date"}
    return np.array([row["date"] for row in rows]), numbers


def test_forward_carry_has_no_error_of_synchronisation(cme):
    """Autocorrelation from one day to the next, 2019-04 to 2022-01."""
    dates, columns = cme
    some = (dates >= "2019-04-01") & (dates <= "2022-01-31")
    for name, expected in (("fwd_1m3m", 0.9422), ("b_sync_1m", 0.2718)):
        values = columns[name][some]
        assert len(values) == 741
        assert np.corrcoef(values[1:], values[:-1])[0, 1] == pytest.approx(expected, abs=5e-5)


def test_level_and_extremes_of_the_carry(cme):
    dates, columns = cme
    some = (dates >= "2019-04-01") & (dates <= "2022-01-31")
    expected = {
        "b_sync_1m": (0.089, 0.129, 0.27, 1.68, "2020-11-26"),
        "b_sync_3m": (0.076, 0.057, 0.58, 0.62, "2020-11-26"),
        "fwd_1m3m": (0.070, 0.039, 0.94, 0.20, "2021-02-19"),
    }
    for name, (mean, deviation, persistence, highest, day) in expected.items():
        values = columns[name][some]
        assert values.mean() == pytest.approx(mean, abs=5.1e-4)
        assert values.std(ddof=1) == pytest.approx(deviation, abs=5e-4)
        assert np.corrcoef(values[1:], values[:-1])[0, 1] == pytest.approx(persistence, abs=5e-3)
        assert values.max() == pytest.approx(highest, abs=5e-3)
        assert dates[some][values.argmax()] == day
    # Thanksgiving, Presidents' Day and Good Friday
    values = columns["b_sync_3m"][some]
    highest = np.argsort(-values)[:3]
    assert dates[some][highest].tolist() == ["2020-11-26", "2020-02-17", "2020-04-10"]
    np.testing.assert_allclose(values[highest], [0.62, 0.45, 0.26], atol=6e-3)


def test_prices_of_different_hours(cme):
    """A basis over the reference rate of hours before has 1.8 times the deviation of one over spot at the same time."""
    _, columns = cme
    both = np.isfinite(columns["b_sync_1m"])
    ratio = columns["b_brr_1m"][both].std() / columns["b_sync_1m"][both].std()
    assert ratio == pytest.approx(1.8, abs=0.05)


def test_spot_and_method_matter_at_30_days(forwards):
    """8 dollars of spot move the number by 11 basis points, the method by 3."""
    price, years = forwards
    tenor = 30 / 365
    front = price[0]
    spot = front * math.exp(-0.05 * years[0])
    assert front - spot == pytest.approx(8.17, abs=0.01)
    by_method = [
        float(carry.constant_maturity(price, years, spot, tenor, method=method))
        for method in ("price", "basis", "log-price", "log-basis")
    ]
    moved = by_method[0] - float(carry.constant_maturity(price, years, front, tenor, method="price"))
    assert moved == pytest.approx(0.0011, abs=5e-5)
    assert max(by_method) - min(by_method) == pytest.approx(0.00027, abs=5e-6)


def test_coin_metrics_rule():
    """Their words: forward price interpolated by days, then the yield to that day."""
    near, far, days_near, days_far, spot, days = 50_100.0, 50_900.0, 20, 48, 50_000.0, 30
    price = near + (far - near) * (days - days_near) / (days_far - days_near)
    found = carry.constant_maturity(
        [near, far], [days_near / 365, days_far / 365], spot, days / 365, method="coinmetrics"
    )
    assert float(found) == pytest.approx((price / spot - 1) * 365 / days, rel=1e-13)


CURVE = np.array([100.4, 101.3, 102.2])
YEARS = np.array([0.05, 0.15, 0.25])


def straight(values, tenors, tau):
    return values[0] + (values[1] - values[0]) * (tau - tenors[0]) / (tenors[1] - tenors[0])


@pytest.mark.parametrize("method", ["price", "basis", "log-price", "log-basis"])
def test_methods_and_extrapolation(method):
    spot = 100.0
    ways = {
        "price": (lambda f, t: f, lambda v, t: (v / spot - 1) / t),
        "basis": (lambda f, t: (f / spot - 1) / t, lambda v, t: v),
        "log-price": (lambda f, t: np.log(f), lambda v, t: (v - math.log(spot)) / t),
        "log-basis": (lambda f, t: np.log(f / spot) / t, lambda v, t: v),
    }
    value, basis = ways[method]
    values = value(CURVE, YEARS)
    own = [float(basis(v, t)) for v, t in zip(values, YEARS, strict=True)]
    terms = {"futures": CURVE, "years": YEARS, "spot": spot, "method": method}
    found = carry.constant_maturity(**terms, target=[0.05, 0.15, 0.25, 0.1, 0.2])
    expected = [
        *own,
        basis(straight(values[:2], YEARS[:2], 0.1), 0.1),
        basis(straight(values[1:], YEARS[1:], 0.2), 0.2),
    ]
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    assert np.isnan(carry.constant_maturity(**terms, target=[0.02, 0.3])).all()
    line = carry.constant_maturity(**terms, target=[0.02, 0.3], extrapolate="linear")
    expected = [basis(straight(values[:2], YEARS[:2], 0.02), 0.02), basis(straight(values[1:], YEARS[1:], 0.3), 0.3)]
    np.testing.assert_allclose(line, expected, rtol=1e-12)
    flat = carry.constant_maturity(**terms, target=[0.02, 0.3, 0.1], extrapolate="flat")
    np.testing.assert_allclose(flat, [own[0], own[-1], found[3]], rtol=1e-13)


def test_dead_contracts_are_left_out():
    futures = [99.0, np.nan, 100.4, np.nan, 101.3]
    years = [-0.01, 0.02, 0.05, 0.1, 0.15]
    found = carry.constant_maturity(futures, years, 100.0, 0.1, method="price")
    alive = carry.constant_maturity([100.4, 101.3], [0.05, 0.15], 100.0, 0.1, method="price")
    assert found == alive
    terms = {"futures": [100.0, *CURVE], "years": [0.001, *YEARS], "spot": 100.0, "target": 0.02, "method": "price"}
    assert np.isfinite(carry.constant_maturity(**terms))
    assert np.isnan(carry.constant_maturity(**terms, minimum_years=0.01))


@pytest.mark.filterwarnings("error")
def test_too_few_contracts():
    for futures in ([100.4, np.nan, np.nan], [np.nan] * 3):
        terms = {"futures": futures, "years": YEARS, "spot": 100.0, "target": [0.05, 0.1], "method": "basis"}
        for extrapolate in ("nan", "linear"):
            assert np.isnan(carry.constant_maturity(**terms, extrapolate=extrapolate)).all()
    flat = carry.constant_maturity([100.4, np.nan], YEARS[:2], 100.0, [0.01, 0.1], method="basis", extrapolate="flat")
    np.testing.assert_allclose(flat, 0.08, rtol=1e-12)
    none = carry.constant_maturity([np.nan] * 2, YEARS[:2], 100.0, [0.1], method="basis", extrapolate="flat")
    assert np.isnan(none).all()


def test_many_curves_at_once():
    random = np.random.default_rng(2)
    futures = 100.0 + random.random((6, 4))
    futures[random.random((6, 4)) < 0.2] = np.nan
    years = np.sort(random.random((6, 4)), axis=1)
    spot = 99.0 + random.random(6)
    for extrapolate in ("nan", "linear", "flat"):
        terms = {"target": [0.2, 0.5, 0.9], "method": "log-price", "extrapolate": extrapolate}
        whole = carry.constant_maturity(futures, years, spot, **terms)
        assert whole.shape == (6, 3)
        for i in range(6):
            np.testing.assert_array_equal(carry.constant_maturity(futures[i], years[i], spot[i], **terms), whole[i])


def test_order_of_contracts():
    with pytest.raises(ValueError, match=r"years\[1, 2\] must be greater .*0\.3, got 0\.2"):
        carry.constant_maturity(np.ones((2, 3)), [[0.1, 0.2, 0.3], [0.1, 0.3, 0.2]], 1.0, 0.1, method="price")
    with pytest.raises(ValueError, match=r"years\[1\] must be greater"):
        carry.constant_maturity([1.0, 1.0], [0.1, 0.1], 1.0, 0.1, method="price")
    with pytest.raises(ValueError, match=r"years\[2\] must be greater"):
        carry.constant_maturity([1.0] * 3, [0.2, np.nan, 0.1], 1.0, 0.1, method="price")


def test_wrong_choices():
    with pytest.raises(ValueError, match="method must be one of 'price', 'basis'"):
        carry.constant_maturity(CURVE, YEARS, 100.0, 0.1, method="linear")
    with pytest.raises(TypeError, match="method"):
        carry.constant_maturity(CURVE, YEARS, 100.0, 0.1)
    with pytest.raises(ValueError, match="extrapolate must be one of"):
        carry.constant_maturity(CURVE, YEARS, 100.0, 0.1, method="price", extrapolate="hold")
    with pytest.raises(ValueError, match="compounding must be one of"):
        carry.annualized_basis(1.0, 1.0, 1.0, compounding="daily")
    with pytest.raises(ValueError, match="target must be a number or have one dimension"):
        carry.constant_maturity(CURVE, YEARS, 100.0, [[0.1]], method="price")


def test_years_between():
    assert float(carry.years_between("2024-01-01", "2024-12-31")) == 1.0
    assert float(carry.years_between("2024-01-01", "2024-01-31", basis=360)) == pytest.approx(1 / 12, rel=1e-15)
    found = carry.years_between(np.datetime64("2024-01-01T00:00:00"), np.array(["2024-01-01T00:00:01"], "M8[s]"))
    assert found[0] == 1 / (86_400 * 365)
    with pytest.raises(ValueError, match="basis must be"):
        carry.years_between("2024-01-01", "2024-12-31", basis=0.0)


def test_expiry_times():
    assert carry.EXPIRY_TIME["deribit"].time == "08:00"
    assert all(clock.source.startswith("https://") for clock in carry.EXPIRY_TIME.values())
    with pytest.raises(ValueError, match="venue must be one of 'deribit', 'binance', 'cme', got 'mtgox'"):
        carry.EXPIRY_TIME["mtgox"]
