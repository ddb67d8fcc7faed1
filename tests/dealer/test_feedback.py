"""The closed loop: linear, against a real chain, several equilibria, masses, liquidations."""

import re
from pathlib import Path

import numpy as np
import pytest
from oracle.dealer._chains import chain_2026

import shortgamma as sg

GAMMA = -266268342.415820
FUNDS = 9e9


@pytest.mark.parametrize(
    ("depth", "amplification"), [(100e9, 1.5534423205980532), (200e9, 1.2167436155238585), (50e9, 3.4787047502542205)]
)
def test_linear(depth, amplification):
    found = sg.dealer.feedback(-0.05, depth=depth, linear=FUNDS - 100.0 * GAMMA)
    assert found.amplification == pytest.approx(amplification, rel=1e-13)
    assert found.reached == pytest.approx(-0.05 * amplification, rel=1e-13)
    assert found.stable.all()


def test_linear_without_an_equilibrium():
    with pytest.raises(ValueError, match=r"no equilibrium: k = linear/depth = 1.0 is not below 1|= 1 is not"):
        sg.dealer.feedback(-0.05, depth=1e9, linear=1e9)
    damped = sg.dealer.feedback(-0.05, depth=1e9, linear=-1e9)
    assert damped.reached == pytest.approx(-0.025)


def test_linear_by_the_scan():
    """The same number when it must be found."""
    found = sg.dealer.feedback(-0.05, depth=100e9, flow=lambda r: (FUNDS - 100.0 * GAMMA) * r)
    assert found.reached == pytest.approx(-0.05 * 1.5534423205980532, rel=1e-12)
    assert found.solutions.size == 1
    table = sg.dealer.feedback(
        -0.05, depth=100e9, flow=([-1.0, 1.0], [-(FUNDS - 100.0 * GAMMA), FUNDS - 100.0 * GAMMA])
    )
    assert table.reached == pytest.approx(found.reached, rel=1e-12)


def hedgers(market, calls, puts):
    options, spot, _ = chain_2026(market)
    quantity = sg.dealer.position(options.pop("open_interest"), options["option"], calls=calls, puts=puts)
    return lambda r: sg.dealer.hedge_flow(r, spot, quantity=quantity, **options).value


@pytest.mark.parametrize(
    ("calls", "puts", "depth", "reached"),
    [
        (0, -1, 100e9, -0.07592103103733143),
        (0, -1, 50e9, -0.13017149271266915),
        (0, -1, 30e9, -0.25977747712196586),
        (-1, -1, 100e9, -0.09753655735549822),
        (1, -1, 100e9, -0.05896966604704019),
        (1, -1, 50e9, -0.07367020877498184),
    ],
)
def test_a_real_chain(market, calls, puts, depth, reached):
    found = sg.dealer.feedback(-0.05, depth=depth, linear=FUNDS, flow=hedgers(market, calls, puts))
    assert found.reached == pytest.approx(reached, rel=1e-10)
    assert found.stable[np.flatnonzero(found.solutions == found.reached)[0]]


STUDY = Path(__file__).parents[2] / "docs" / "studies" / "february_2026.md"


def test_the_table_of_the_study(market):
    """Each number of the page solves the equation, whose flow is worked out here by the textbook's deltas."""
    special = pytest.importorskip("scipy.special")
    options, _, _ = chain_2026(market)
    held = (options["open_interest"] > 0) & (options["vol"] > 0) & (options["expiry"] > 0)
    forward, strike, vol, expiry, interest = (
        options[name][held] for name in ("forward", "strike", "vol", "expiry", "open_interest")
    )
    call, spot = options["option"][held] == "call", 89493.45607258

    def deltas(move):
        deviation = vol * np.sqrt(expiry)
        d1 = np.log(forward * (1.0 + move) / strike) / deviation + 0.5 * deviation
        return special.ndtr(d1) - ~call

    rows = re.findall(r"^\| (\d+) billion \| (-[\d.]+) % \| (-[\d.]+) % \| (-[\d.]+) % \|$", STUDY.read_text(), re.M)
    assert [row[0] for row in rows] == ["100", "50", "30"]
    for depth, *printed in rows:
        for (calls, puts), text in zip(((0, -1), (-1, -1), (1, -1)), printed, strict=True):
            weight = np.where(call, calls, puts) * interest
            found = sg.dealer.feedback(-0.05, depth=1e9 * int(depth), linear=FUNDS, flow=hedgers(market, calls, puts))
            move = found.reached
            flow = -(weight * (deltas(move) - deltas(0.0))).sum() * spot * (1.0 + move) + FUNDS * move
            assert move == pytest.approx(-0.05 + flow / (1e9 * int(depth)), rel=1e-9)
            assert f"{100 * move:.1f}" == text


def test_a_real_chain_and_a_mass(market):
    found = sg.dealer.feedback(-0.05, depth=50e9, linear=FUNDS, flow=hedgers(market, 0, -1), masses=([-0.07], [1e9]))
    assert found.reached == pytest.approx(-0.16483785829698294, rel=1e-10)
    assert found.triggered.tolist() == [True]


def test_three_equilibria():
    found = sg.dealer.feedback(-0.03, depth=1.0, flow=lambda r: -0.06 / (1.0 + np.exp((r + 0.06) / 0.004)))
    expected = [-0.089966554958857531, -0.06, -0.030033445041142469]
    np.testing.assert_allclose(found.solutions, expected, rtol=1e-12)
    assert found.stable.tolist() == [True, False, True]
    assert found.reached == found.solutions[2]
    assert not found.pinned.any()


def test_a_mass_that_is_sold_is_jumped_over():
    # -5 %, and 2 % more once -6 % is touched, by a flow of a fifth of the move
    found = sg.dealer.feedback(-0.05, depth=1.0, linear=0.2, masses=([-0.06, -0.2], [0.02, 0.01]))
    assert found.reached == pytest.approx((-0.05 - 0.02) / 0.8, rel=1e-12)
    assert found.triggered.tolist() == [True, False]
    untouched = sg.dealer.feedback(-0.05, depth=1.0, linear=0.1, masses=([-0.06], [0.02]))
    assert untouched.reached == pytest.approx(-0.05 / 0.9, rel=1e-12)
    assert not untouched.triggered.any()


def test_a_mass_that_is_bought_holds_the_price():
    found = sg.dealer.feedback(-0.05, depth=1.0, linear=0.2, masses=([-0.055], [-0.02]))
    assert found.reached == -0.055
    assert found.pinned.tolist() == [True]
    assert found.stable.tolist() == [True]


def test_collapse():
    found = sg.dealer.feedback(-0.05, depth=1.0, flow=lambda r: 2.0 * r)
    assert np.isnan(found.reached)
    assert found.collapsed


@pytest.mark.parametrize(
    ("terms", "message"),
    [
        ({"depth": 0.0}, "depth must be > 0, got 0.0"),
        ({"depth": 1.0, "low": -0.01}, "shock must lie between low and high"),
        ({"depth": np.nan}, "depth must be one finite number, got nan"),
        ({"depth": 1.0, "masses": ([-0.1], [1.0, 2.0])}, "masses must be barriers and values of one length"),
        ({"depth": 1.0, "flow": ([0.0, -1.0], [0.0, 1.0])}, "flow must be a table of rising returns"),
    ],
)
def test_refuses(terms, message):
    with pytest.raises(ValueError, match=message):
        sg.dealer.feedback(-0.05, **terms)


def test_liquidation_ladder():
    linear = sg.contracts.Contract("linear")
    ladder = sg.dealer.liquidation_ladder(
        100.0, [10.0, 20.0, -5.0], 100.0, [100.0, 100.0, 50.0], contract=linear, maintenance=0.0
    )
    np.testing.assert_allclose(ladder.barrier, [-0.1, -0.05, 0.1], atol=1e-15)
    np.testing.assert_allclose(ladder.value, [900.0, 1900.0, -550.0])
    np.testing.assert_allclose(ladder([-0.11, -0.06, 0.0, 0.11]), [-2800.0, -1900.0, 0.0, 550.0])
    by_flow = sg.dealer.feedback(-0.055, depth=1e5, flow=ladder)
    by_mass = sg.dealer.feedback(-0.055, depth=1e5, masses=ladder.masses)
    assert by_flow.reached == pytest.approx(by_mass.reached, rel=1e-12)
    assert by_mass.reached == pytest.approx(-0.055 - 0.019, rel=1e-12)
    inverse = sg.dealer.liquidation_ladder(
        100.0, [1000.0], 100.0, [1.0], contract=sg.contracts.Contract("inverse"), maintenance=0.0
    )
    assert inverse.value.tolist() == [1000.0]
    assert inverse.barrier[0] == pytest.approx(1.0 / 1.1 - 1.0)
    with pytest.raises(ValueError, match="contract must be linear or inverse"):
        sg.dealer.liquidation_ladder(100.0, [1.0], 100.0, [1.0], contract="ETHUSD", maintenance=0.0)
