"""Pictures: what is drawn is what was given, with units, on the axes that were given."""

import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from processes import environment

import shortgamma as sg

figure = pytest.importorskip("matplotlib.figure")

PRICE = np.array([100.0, 110.0, 99.0, 104.0])
CASCADE = SimpleNamespace(fills=np.array([88.0, 80.0, np.nan]), mark=80.0, accounts=7, waves=2)
PROFILE = SimpleNamespace(spot=[90.0, 100.0, 110.0], gamma_percent=[-2e9, -1e9, 3e9])
FLOW = SimpleNamespace(move=[-0.05, 0.05], value=[-2e9, 1e9], linear=[-1e9, 1e9])
MOVES = np.linspace(-0.3, 0.0, 301)
# what is forced grows with the cube: three places of rest, the middle one unstable
FORCED = 100e9 * (MOVES + 0.05 + 40.0 * (MOVES + 0.06) * (MOVES + 0.12) * (MOVES + 0.25))
FEEDBACK = sg.dealer.feedback(-0.05, depth=100e9, flow=(MOVES, FORCED), low=-0.3, high=0.0)
UP_OUT = {"strike": 100.0, "barrier": 130.0, "vol": 0.3, "kind": "up-out", "option": "call"}
PICTURES = {
    "nav": lambda ax: sg.plot.nav(sg.leverage.nav(PRICE, 3.0), PRICE, leverage=3.0, ax=ax),
    "drag": lambda ax: sg.plot.drag(-2.0, years=0.5, ax=ax),
    "greeks": lambda ax: sg.plot.greeks("gamma", **UP_OUT, ax=ax),
    "hedge": lambda ax: sg.plot.hedge(PRICE, [-0.2, -0.1, -0.8, -0.5], barrier=90.0, ax=ax),
    "funding": lambda ax: sg.plot.funding([0.0001, -0.0002, 0.00375], ax=ax),
    "premium": lambda ax: sg.plot.premium([0.0001, 0.0003], [0.0001, 0.0002], ax=ax),
    "frontier": lambda ax: sg.plot.frontier(
        [5e3, 1e4], [210.0, 180.0], long=True, path=([8e3, 6e3], [250, 200]), ax=ax
    ),
    "survival": lambda ax: sg.plot.survival([[10, 3], [10, 10]], [3.0, 20.0], bars=10, ax=ax),
    "cascade": lambda ax: sg.plot.cascade(CASCADE, mark=90.0, ax=ax),
    "tiers": lambda ax: sg.plot.tiers(sg.liquidation.Tiers([0.0, 5e4], [0.004, 0.005]), ax=ax),
    "carry_curve": lambda ax: sg.plot.carry_curve([98.0, 7.0, 35.0], [103.0, 100.2, 101.0], 100.0, name="BTC", ax=ax),
    "carry_history": lambda ax: sg.plot.carry_history([0.1, 0.45, -0.02], tenor="90 days", ax=ax),
    "profile": lambda ax: sg.plot.profile(PROFILE, spot=100.0, flips=[103.0], ax=ax),
    "hedge_flow": lambda ax: sg.plot.hedge_flow(FLOW, ax=ax),
    "feedback": lambda ax: sg.plot.feedback(FEEDBACK, MOVES, FORCED, shock=-0.05, depth=100e9, ax=ax),
    "ledger": lambda ax: sg.plot.ledger({"price": 3.0, "funding": -1.0}, ax=ax),
}


def drawn(ax, label):
    return next(line.get_ydata() for line in ax.lines if line.get_label() == label)


def test_every_picture_is_tried():
    # of two panels: see test_both_sides_of_a_book
    assert {*PICTURES, "flows", "carry"} == set(sg.plot.__all__)


def test_curve_and_history_of_carry(tmp_path):
    days, price = np.array([98.0, 7.0, 35.0]), np.array([103.0, 100.2, 101.0])
    history = {"30 days": [0.1, 0.2, 0.3, 0.1], "90 days": [0.1, 0.1, 0.2, np.nan]}
    time = np.arange("2024-01-01", "2024-01-05", dtype="M8[D]")
    found = sg.plot.carry(days, price, 100.0, history=history, time=time, shaded=[(1, 2)], tenors=[20.0, 60.0],
                          method="log-basis", name="BTC")  # fmt: skip
    left, right = found.axes
    order = np.argsort(days)
    np.testing.assert_allclose(drawn(left, "BTC"), (100 * (price / 100 - 1) * 365 / days)[order], rtol=1e-13)
    # linear in ln(F/S)/T, shown as a simple rate
    logs = np.interp([20.0, 60.0], days[order], (np.log(price / 100) * 365 / days)[order])
    simple = 100 * np.expm1(logs * np.array([20.0, 60.0]) / 365) * 365 / np.array([20.0, 60.0])
    np.testing.assert_allclose(drawn(left, "tenors by log-basis"), simple, rtol=1e-12)
    assert len(left.lines) == 4 + 2 + 1
    np.testing.assert_allclose(drawn(right, "90 days"), [10, 10, 20, np.nan])
    assert len(right.patches) == 1
    found.savefig(tmp_path / "carry.png")
    alone = sg.plot.carry(days, price, 100.0)
    assert len(alone.axes) == 1
    with pytest.raises(ValueError, match="method must be one of 'price'"):
        sg.plot.carry_curve(days, price, 100.0, method="linear")
    with pytest.raises(ValueError, match="shaded must be pairs of bars between 0 and 3"):
        sg.plot.carry_history(history, shaded=[(1, 4)])
    with pytest.raises(ValueError, match="90 days has 3 bars, 30 days has 4"):
        sg.plot.carry_history({**history, "90 days": [0.1, 0.1, 0.1]})


def test_both_sides_of_a_book(tmp_path):
    others = {"all short": SimpleNamespace(spot=PROFILE.spot, gamma_percent=-np.abs(PROFILE.gamma_percent))}
    found = sg.plot.flows(PROFILE, FLOW, spot=100.0, flips=[103.0], others=others, barriers=[95.0, 97.0], scale=1e6)
    left, right = found.axes
    np.testing.assert_array_equal(drawn(left, "all short"), others["all short"].gamma_percent / 1e6)
    marks = next(line for line in left.lines if line.get_label() == "note barrier")
    assert marks.get_xdata().tolist() == [95.0, 97.0]
    assert marks.get_ydata().tolist() == [0.0, 0.0]
    np.testing.assert_array_equal(drawn(right, "book revalued"), np.asarray(FLOW.value) / 1e6)
    found.savefig(tmp_path / "flows.png")


@pytest.mark.parametrize("name", PICTURES)
@pytest.mark.parametrize("own", [True, False])
def test_axes_title_and_units(name, own, tmp_path):
    given = None if own else figure.Figure().add_subplot()
    ax = PICTURES[name](given)
    assert given is None or ax is given
    assert ax.get_title(loc="left")
    assert ax.get_ylabel()
    # the horizontal axis may be labelled below a second one
    assert name == "ledger" or any(each.get_xlabel() for each in ax.figure.axes)
    ax.figure.savefig(tmp_path / "picture.svg")
    assert (tmp_path / "picture.svg").stat().st_size > 3000


def test_curves_begin_at_one():
    ax = sg.plot.nav(200.0 * PRICE, PRICE, leverage=2.0, fund=3.0 * PRICE)
    for label in ("product", "underlying", "real fund"):
        np.testing.assert_allclose(drawn(ax, label), PRICE / 100.0, rtol=1e-15)
    np.testing.assert_allclose(drawn(ax, "1 + 2 x its return"), 1.0 + 2.0 * (PRICE / 100.0 - 1.0), rtol=1e-15)


def test_places_of_rest_lie_on_the_diagonal():
    ax = PICTURES["feedback"](None)
    dots = {line.get_label(): line for line in ax.lines if line.get_marker() == "o"}
    # -6 % and -25 % bend towards the diagonal or away from it by turns
    rest = {name: sorted(np.round(line.get_xdata(), 6)) for name, line in dots.items()}
    assert sorted(rest["stable"] + rest["unstable"]) == [-25.0, -12.0, -6.0]
    for line in dots.values():
        assert line.get_xdata() == pytest.approx(line.get_ydata())
    slope = {place: 1.0 + 40.0 * np.prod([place - other for other in (-0.06, -0.12, -0.25) if other != place])
             for place in (-0.06, -0.12, -0.25)}  # fmt: skip
    assert rest["stable"] == sorted(100.0 * place for place, value in slope.items() if value < 1.0)


def test_dated_curves_stand_beside():
    terms = {"strike": 100.0, "barrier": 60.0, "vol": 0.35, "kind": "down-in", "option": "put"}
    ax = sg.plot.greeks("delta", **terms, expiries=[0.25], dates_per_year=252)
    dashed = next(line for line in ax.lines if line.get_linestyle() == "--" and len(line.get_xdata()) > 100)
    spot = dashed.get_xdata()
    expected = sg.barrier.greeks(spot, 100.0, 60.0, vol=0.35, expiry=0.25, kind="down-in", option="put", dates=63)
    np.testing.assert_allclose(dashed.get_ydata(), expected.delta, rtol=1e-12)
    assert "252 dates a year" in [text.get_text() for text in ax.get_legend().get_texts()]


def test_a_waterfall_ends_at_its_sum():
    ax = sg.plot.ledger({"price": 3.0, "funding": -1.0, "fees": -0.5})
    assert [bar.get_y() + bar.get_height() for bar in ax.patches] == [3.0, 2.0, 1.5, 1.5]


def test_survivors_are_counted():
    ax = sg.plot.survival([[4, 2], [5, 0], [5, 5], [1, 5]], [2.0, 10.0], bars=5)
    assert drawn(ax, "2x").tolist() == [100, 75, 75, 75, 50, 50]
    assert drawn(ax, "10x").tolist() == [75, 75, 50, 50, 50, 50]


def test_basis_points_and_percent():
    ax = sg.plot.premium([0.0001, -0.0003])
    np.testing.assert_allclose(drawn(ax, "premium"), [1.0, -3.0], rtol=1e-14)
    lower = sg.plot.funding([0.0001, -0.0003]).figure.axes[1]
    np.testing.assert_allclose(lower.lines[0].get_ydata(), [0.01, -0.02], rtol=1e-14)


WRONG_CALLS = [
    (lambda: sg.plot.nav(PRICE, PRICE[:2]), "underlying has 2 bars, the product has 4"),
    (lambda: sg.plot.nav(PRICE, leverage=2.0), "leverage needs price"),
    (lambda: sg.plot.drag(1.0), "leverage must not be 0 or 1"),
    (lambda: sg.plot.greeks("rhoo", **UP_OUT), "greek must be one of"),
    (lambda: sg.plot.survival([1, 2], [3.0], bars=3), "bar must have shape"),
    (
        lambda: sg.plot.feedback(FEEDBACK, MOVES, FORCED[1:], shock=0.0, depth=1.0),
        "flow has 300 elements, move has 301",
    ),
    (lambda: sg.plot.feedback(FEEDBACK, MOVES, FORCED, shock=0.0, depth=0.0), "depth must be > 0"),
    (lambda: sg.plot.profile(PROFILE, measure="vega_point"), "result has no vega_point"),
]


@pytest.mark.parametrize(("call", "message"), WRONG_CALLS)
def test_wrong_calls(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_nothing_global_is_touched():
    code = (
        "import sys, shortgamma as sg\n"
        "assert 'matplotlib' not in sys.modules\n"
        "sg.plot.carry_history([0.1, 0.2])\n"
        "assert 'matplotlib.pyplot' not in sys.modules\n"
    )
    done = subprocess.run([sys.executable, "-c", code], env=environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
