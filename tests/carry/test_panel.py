"""Venues by time, against numbers of linearmodels and dummy variables."""

import csv

import numpy as np
import pytest

import shortgamma as sg

panel_regression = sg.carry.panel_regression


@pytest.fixture(scope="module")
def panel(reference):
    with (reference / "carry" / "panel_input.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    venues, days = sorted({row["exchange"] for row in rows}), sorted({row["date"] for row in rows})
    y, x = np.full((2, len(days), len(venues)), np.nan)
    for row in rows:
        place = days.index(row["date"]), venues.index(row["exchange"])
        y[place], x[place] = float(row["carry"]), float(row["rdiff"])
    assert y.shape == (400, 6)
    return y, x


def test_linearmodels(panel, reference):
    with (reference / "carry" / "panel_reference.csv").open(newline="", encoding="utf-8") as file:
        expected = {row[0]: float(row[1]) for row in list(csv.reader(file))[1:]}
    assert len(expected) == 27
    # the bandwidth of its kernel rows, which the file does not name, is 10
    ways = {
        "unadjusted": {"covariance": "plain"},
        "clustered": {"covariance": "venue", "debiased": True},
        "kernel": {"covariance": "driscoll-kraay", "lags": 10, "debiased": True},
    }
    for theirs, effects in (("entity", "venue"), ("time", "time"), ("both", "both")):
        for name, terms in ways.items():
            found = panel_regression(*panel, effects=effects, **terms)
            assert found.coefficient[0] == pytest.approx(expected[f"PanelOLS {theirs} {name} beta"], rel=1e-10)
            assert found.standard_error[0] == pytest.approx(expected[f"PanelOLS {theirs} {name} se"], rel=1e-10)
    assert sg.carry.fixed_effects_r2(panel[0], "time") == pytest.approx(expected["R2 time FE only"], rel=1e-11)
    assert sg.carry.fixed_effects_r2(panel[0], "venue") == pytest.approx(expected["R2 exchange FE only"], rel=1e-11)


def test_computed_numbers(panel):
    y, x = panel
    r2 = {"time": 0.969645454807416, "venue": 0.0030796448906110774, "both": 0.9727250996980271}
    for by, expected in r2.items():
        assert sg.carry.fixed_effects_r2(y, by) == pytest.approx(expected, rel=1e-13)
    expected = {
        "venue": (1.4797017346832853, 1.137339147859981, 1.1390014045221453),
        "time": (0.44448260138344414, 0.27957768808562494, None),
        "both": (0.3493292426584071, 0.2660691361418487, None),
    }
    for effects, (beta, error, debiased) in expected.items():
        found = panel_regression(y, x, effects=effects, covariance="driscoll-kraay", lags=5)
        assert found.coefficient[0] == pytest.approx(beta, rel=1e-13)
        assert found.standard_error[0] == pytest.approx(error, rel=1e-12)
        if debiased:
            found = panel_regression(y, x, effects=effects, covariance="driscoll-kraay", lags=5, debiased=True)
            assert found.standard_error[0] == pytest.approx(debiased, rel=1e-12)
    found = panel_regression(y, x, effects="venue", covariance="plain")
    assert found.standard_error[0] == pytest.approx(0.1939497625778314, rel=1e-13)


def dummies(y, x, effects):
    """The same with a dummy variable for each effect, of the cells that are there."""
    there = np.isfinite(y) & np.isfinite(x).all(axis=2)
    t, i = np.nonzero(there)
    columns = [x[t, i, k] for k in range(x.shape[2])]
    if effects in ("venue", "both"):
        columns += [(i == venue) * 1.0 for venue in np.unique(i)]
    if effects in ("time", "both"):
        rows = np.unique(t)
        columns += [(t == row) * 1.0 for row in (rows[1:] if effects == "both" else rows)]
    if effects == "none":
        columns.append(np.ones(len(t)))
    design = np.column_stack(columns)
    beta = np.linalg.lstsq(design, y[t, i], rcond=None)[0]
    left = y[t, i] - design @ beta
    free = len(t) - design.shape[1]
    bread = np.linalg.inv(design.T @ design)
    k = x.shape[2]
    return beta[:k], np.sqrt(np.diagonal(bread * (left @ left / free))[:k]), free


@pytest.mark.parametrize("effects", ["none", "venue", "time", "both"])
@pytest.mark.parametrize("missing", [False, True])
@pytest.mark.parametrize("k", [1, 3])
def test_against_dummy_variables(effects, missing, k):
    random = np.random.default_rng(3)
    x = random.standard_normal((25, 5, k)) + random.standard_normal((25, 1, 1))
    y = x.sum(axis=2) + random.standard_normal((25, 5)) + random.standard_normal(5)
    if missing:
        y[random.random((25, 5)) < 0.2] = np.nan
        x[random.random((25, 5)) < 0.1] = np.nan
    beta, error, free = dummies(y, x, effects)
    found = panel_regression(y, x, effects=effects, covariance="plain")
    np.testing.assert_allclose(found.coefficient, beta, rtol=1e-9)
    np.testing.assert_allclose(found.standard_error, error, rtol=1e-9)
    assert found.count - found.effects - k == free


def test_driscoll_and_kraay_written_out():
    random = np.random.default_rng(4)
    x, y = random.standard_normal((2, 30, 4))
    found = panel_regression(y, x, effects="none", covariance="driscoll-kraay-uniform", lags=2)
    dx, dy = x - x.mean(), y - y.mean()
    h = (dx * (dy - found.coefficient[0] * dx)).sum(axis=1)
    total = h @ h + 2.0 * (h[1:] @ h[:-1] + h[2:] @ h[:-2])
    assert found.covariance[0, 0] == pytest.approx(total / (dx**2).sum() ** 2, rel=1e-10)


def test_no_variation():
    x = np.tile([1.0, 2.0], (10, 1))
    y = np.random.default_rng(5).standard_normal((10, 2))
    with np.errstate(invalid="raise"), pytest.raises(FloatingPointError):
        panel_regression(y, x, effects="venue", covariance="plain")
    with np.errstate(invalid="ignore"):
        found = panel_regression(y, x, effects="venue", covariance="plain")
    assert np.isnan(found.coefficient).all()
    assert np.isfinite(panel_regression(y, x, effects="time", covariance="plain").coefficient).all()
    assert np.isnan(sg.carry.fixed_effects_r2(np.ones((3, 3)), "time"))


@pytest.mark.parametrize(
    ("terms", "match"),
    [
        ({"effects": "entity", "covariance": "plain"}, "effects must be one of 'none', 'venue'"),
        ({"effects": "venue", "covariance": "kernel"}, "covariance must be one of"),
        ({"effects": "venue", "covariance": "driscoll-kraay"}, "lags must be a whole number"),
        ({"effects": "venue", "covariance": "plain", "lags": 2}, "lags must be left out"),
    ],
)
def test_wrong_terms(terms, match):
    with pytest.raises(ValueError, match=match):
        panel_regression(np.ones((4, 2)), np.ones((4, 2)), **terms)


def test_wrong_shapes():
    with pytest.raises(ValueError, match="y must have two dimensions"):
        panel_regression(np.ones(4), np.ones(4), effects="venue", covariance="plain")
    with pytest.raises(ValueError, match="x must have the shape of y"):
        panel_regression(np.ones((4, 2)), np.ones((4, 3)), effects="venue", covariance="plain")
    with pytest.raises(ValueError, match="by must be one of 'venue', 'time', 'both'"):
        sg.carry.fixed_effects_r2(np.ones((4, 2)), "none")


def test_published_event(reference):
    with (reference / "carry" / "did_input.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))[1:]
    time = np.array([row[0] for row in rows], dtype="datetime64[D]")
    cme, off = (np.array([float(row[place]) for row in rows]) for place in (1, 2))
    expected = {
        20: (0.12424277337172371, 0.16601484517818596),
        40: (0.2333634092680246, 0.10218508456420142),
        60: (0.3801620095658105, 0.11625932078264169),
    }
    for window, (estimate, error) in expected.items():
        found = sg.carry.difference_in_differences(cme, off, "2021-05-03", window=window, lags="rule", time=time)
        assert found.estimate == pytest.approx(estimate, rel=1e-12)
        assert found.standard_error == pytest.approx(error, rel=1e-12)
        lags = 4 if window == 60 else 3
        again = sg.carry.difference_in_differences(cme, off, found.event, window=window, lags=lags)
        assert again == found
    found = sg.carry.difference_in_differences(cme, off, "2021-05-03", window=20, lags=3, time=time)
    assert found.treated == pytest.approx((0.08716591193904709, 0.043728597810770556), rel=1e-13)
    assert found.control == pytest.approx((0.46173047500000014, 0.2940503874999999), rel=1e-13)


def test_event_between_rows():
    pd = pytest.importorskip("pandas")
    days = pd.date_range("2024-01-01", periods=10, freq="2D")
    treated = pd.Series([0.0] * 5 + [1.0] * 5, index=days)
    control = pd.Series(np.arange(10.0) % 2, index=days)
    found = sg.carry.difference_in_differences(treated, control, "2024-01-10", window=4, lags=0)
    assert found.event == 5
    assert found.estimate == 1.0


def test_wrong_events():
    series = np.arange(10.0)
    call = sg.carry.difference_in_differences
    with pytest.raises(ValueError, match="window must fit on both sides of the event: 3 rows before"):
        call(series, series, 3, window=4, lags=0)
    with pytest.raises(ValueError, match="event must be a row where there are no times"):
        call(series, series, "2024-01-01", window=4, lags=0)
    with pytest.raises(ValueError, match="control has length 9"):
        call(series, series[1:], 5, window=4, lags=0)
    with pytest.raises(ValueError, match="window must be a whole number of rows"):
        call(series, series, 5, window=1, lags=0)
