"""What a flow does to the price: impact, schedules of execution, and games around a trade that all expect."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from shortgamma._core.checks import number, real, whole, word
from shortgamma._core.results import Result

if TYPE_CHECKING:
    from typing import Literal

    from numpy.typing import ArrayLike

    from shortgamma._core.types import Floats

# What a schedule or a path may hold in memory
LONGEST = 10_000_000
MODELS = ("linear", "square-root")
UNWIND = ("auction", "after")


def impact(
    flow: ArrayLike, volume: ArrayLike, *, vol: ArrayLike, model: Literal["linear", "square-root"],
    coefficient: ArrayLike = 1.0,
) -> Any:  # fmt: skip
    """Return that a flow causes.

    Parameters
    ----------
    flow : array_like
        What is traded, > 0 bought.
    volume : array_like
        Volume of a day in the same unit, > 0.
    vol : array_like
        Volatility of a day.
    model : {"linear", "square-root"}
        coefficient vol flow/volume, or coefficient vol sign(flow) sqrt(abs(flow)/volume); there is no default.
    coefficient : array_like, default 1.0
        Coefficient of either model, of order 1.

    Returns
    -------
    ndarray or float
        Returns; NaN, with the invalid flag, for a volume that is not > 0.

    Raises
    ------
    ValueError
        If ``model`` is unknown or shapes do not broadcast.
    {TypeError}

    Examples
    --------
    A twentieth of the volume of a day at 3 % a day:

    >>> import shortgamma as sg
    >>> sg.dealer.impact([0.05, -0.05], 1.0, vol=0.03, model="linear").round(6)
    array([ 0.0015, -0.0015])
    >>> sg.dealer.impact([0.05, -0.05], 1.0, vol=0.03, model="square-root").round(6)
    array([ 0.006708, -0.006708])
    """
    word("model", model, MODELS)
    traded, day = number("flow", flow).astype(np.float64), number("volume", volume).astype(np.float64)
    # the root of a negative volume raises the flag, and so must 0
    with np.errstate(divide="ignore"):
        share = traded / np.square(np.sqrt(np.where(day == 0.0, -1.0, day)))
    size = share if model == "linear" else np.sign(share) * np.sqrt(np.abs(share))
    return (number("coefficient", coefficient) * number("vol", vol) * size)[()]


class Schedule(Result):
    """A schedule of execution and its cost.

    Attributes
    ----------
    time : ndarray
        Times at the ends of the periods, from 0.
    held : ndarray
        Quantity left at each of them.
    trades : ndarray
        Quantity sold in each period; one element shorter.
    cost : float
        Expected cost, in money.
    variance : float
        Its variance.
    kappa : float
        Rate at which the schedule decays, per unit of time; 0 is a straight line.
    """

    time: Floats
    held: Floats
    trades: Floats
    cost: float
    variance: float
    kappa: float


def execution_schedule(
    quantity: float, periods: int, duration: float, *, vol: float, permanent: float, temporary: float,
    risk_aversion: float, spread: float = 0.0,
) -> Schedule:  # fmt: skip
    """Schedule of sales that minimizes the expected cost plus risk aversion times its variance.

    Parameters
    ----------
    quantity : float
        Units to be sold.
    periods : int
        Number of equal periods, >= 1.
    duration : float
        Time until all is sold, > 0.
    vol : float
        Standard deviation of the price per square root of the unit of time, in money.
    permanent : float
        Permanent impact: money per unit sold.
    temporary : float
        Temporary impact: money per unit sold per unit of time.
    risk_aversion : float
        Cost that a variance of 1 is worth, >= 0; 0 gives the straight line.
    spread : float, default 0.0
        Fixed cost per unit, half a spread and fees.

    Returns
    -------
    Schedule
        Quantities left and sold, the expected cost and its variance.

    Raises
    ------
    ValueError
        If the temporary impact is not above half the permanent one of a period, or a number is out of its range.

    Notes
    -----
    Almgren and Chriss, Optimal execution of portfolio transactions, Journal of Risk 3(2), 2000: with eta' = eta - gamma
    tau/2 and cosh(kappa tau) = 1 + lambda sigma^2 tau^2/(2 eta'), held are X sinh(kappa (T - t))/sinh(kappa T).

    Examples
    --------
    Their example at a risk aversion of 1e-6:

    >>> import shortgamma as sg
    >>> schedule = sg.dealer.execution_schedule(
    ...     1e6, 5, 5.0, vol=0.95, permanent=2.5e-7, temporary=2.5e-6, spread=0.0625, risk_aversion=1e-6)
    >>> round(schedule.cost, 1), schedule.held.round(0)[1]
    (911227.0, np.float64(541956.0))
    """
    periods = whole("periods", periods, 1, LONGEST)
    length, aversion, deviation = real("duration", duration), real("risk_aversion", risk_aversion), real("vol", vol)
    sold, lasting, passing = real("quantity", quantity), real("permanent", permanent), real("temporary", temporary)
    if not length > 0.0:
        raise ValueError(f"duration must be > 0, got {duration!r}")
    if not aversion >= 0.0:
        raise ValueError(f"risk_aversion must be >= 0, got {risk_aversion!r}")
    step = length / periods
    left = passing - 0.5 * lasting * step
    if not left > 0.0:
        raise ValueError(
            f"temporary must be above half of permanent times a period, {float(0.5 * lasting * step)!r}, "
            f"got {temporary!r}"
        )
    bend = 0.5 * aversion * deviation**2 * step**2 / left
    # arcosh(1 + x), exact for small x
    kappa = np.log1p(bend + np.sqrt(bend * (bend + 2.0))) / step
    time: Floats = step * np.arange(periods + 1, dtype=np.float64)
    if kappa * length < 1e-8:
        held: Floats = sold * (1.0 - time / length)
    else:
        # in exponentials that do not overflow
        decay = np.exp(-kappa * time) - np.exp(-kappa * (2.0 * length - time))
        held = sold * decay / -np.expm1(-2.0 * kappa * length)
    held[-1] = 0.0
    trades = -np.diff(held)
    cost = 0.5 * lasting * sold**2 + real("spread", spread) * abs(sold) + left / step * np.square(trades).sum()
    variance = deviation**2 * step * np.square(held[1:]).sum()
    return Schedule(time, held, trades, float(cost), float(variance), float(kappa))


class Predation(Result):
    """A game of traders who know that one of them must trade.

    Attributes
    ----------
    time : ndarray
        Times.
    positions : ndarray
        Change of the position of each trader, traders along the first axis.
    price : ndarray
        Move of the price.
    costs : ndarray
        What each trader pays for its trades, < 0 earned.
    """

    time: Floats
    positions: Floats
    price: Floats
    costs: Floats


def predatory_trading(
    quantity: ArrayLike, duration: float, *, permanent: float, temporary: float, steps: int = 4
) -> Predation:
    """Equilibrium of traders who know that one of them must trade a quantity by a certain time.

    Parameters
    ----------
    quantity : array_like
        What each trader must have bought at the end, < 0 sold; 0 for a predator. One dimension, at least two.
    duration : float
        Time until then, > 0.
    permanent : float
        Permanent impact of what all bought, > 0.
    temporary : float
        Impact of the rate at which all buy, > 0.
    steps : int, default 4
        Into how many equal parts the time is divided in the result.

    Returns
    -------
    Predation
        Positions and price at steps + 1 times, costs.

    Raises
    ------
    ValueError
        If a number is out of its range.
    {TypeError}

    Notes
    -----
    The open-loop equilibrium of Carlin, Lobo and Viswanathan, Episodic liquidity crises, Journal of Finance 62, 2007:
    rates a exp(-(n - 1)/(n + 1) g t/l) + b_i exp(g t/l), the same a for all.

    Examples
    --------
    One trader must buy 1, and two prey on it; it pays more than it would alone (1.0), and they earn:

    >>> import shortgamma as sg
    >>> game = sg.dealer.predatory_trading([1.0, 0.0, 0.0], 1.0, permanent=1.0, temporary=0.5)
    >>> game.costs.round(4)
    array([ 1.118 , -0.0385, -0.0385])
    """
    wanted = number("quantity", quantity).astype(np.float64)
    if wanted.ndim != 1 or wanted.size < 2:
        raise ValueError(f"quantity must have one dimension and two traders at least, got shape {wanted.shape}")
    steps = whole("steps", steps, 1, LONGEST)
    length, lasting, passing = real("duration", duration), real("permanent", permanent), real("temporary", temporary)
    for name, value in (("duration", length), ("permanent", lasting), ("temporary", passing)):
        if not value > 0.0:
            raise ValueError(f"{name} must be > 0, got {float(value)!r}")
    traders, mean = wanted.size, wanted.mean()
    rise = lasting / passing
    fall = rise * (traders - 1) / (traders + 1)
    common = fall / -np.expm1(-fall * length) * mean
    own = rise / np.expm1(rise * length) * (wanted - mean)
    time = np.linspace(0.0, length, steps + 1)

    def bought(until: Any) -> Any:
        return common * -np.expm1(-fall * until) / fall + own[:, np.newaxis] * np.expm1(rise * until) / rise

    positions = bought(time)
    # the own parts of the rates add up to nothing
    total = traders * common * -np.expm1(-fall * time) / fall
    rate = traders * common * np.exp(-fall * time)
    price = lasting * total + passing * rate

    # integrals of price times rate: of exp(-c t) exp(-d t) for the two exponents of both
    def integral(exponent: Any) -> Any:
        return length if exponent == 0.0 else np.expm1(exponent * length) / exponent

    level, swing = lasting * traders * common / fall, traders * common * (passing - lasting / fall)
    costs = common * (level * integral(-fall) + swing * integral(-2.0 * fall)) + own * (
        level * integral(rise) + swing * integral(rise - fall)
    )
    return Predation(time, positions, price, costs)


class FrontRunning(Result):
    """What a predator earns from a trade at a public time, and what the fund pays.

    Attributes
    ----------
    quantity : float
        What the predator buys beforehand.
    profit : float
        What it earns.
    cost : float
        What the fund pays.
    alone : float
        What the fund would pay without it.
    """

    quantity: float
    profit: float
    cost: float
    alone: float


def front_running(
    quantity: float, *, permanent: float, temporary: float, unwind: Literal["auction", "after"] = "auction"
) -> FrontRunning:
    """One predator before a fund that buys at a public time.

    Parameters
    ----------
    quantity : float
        What the fund buys.
    permanent, temporary : float
        Impact per unit: what stays, and what is paid by those who trade at that moment only.
    unwind : {"auction", "after"}, default "auction"
        Whether the predator sells to the fund, at its time, or when the fund has bought.

    Returns
    -------
    FrontRunning
        The best quantity of the predator, and what both pay.

    Raises
    ------
    ValueError
        If ``unwind`` is unknown or an impact is negative.

    Notes
    -----
    A model of three stages of our own. The predator buys x at l x/2 + e x. In the auction the fund buys Q, the predator
    sells x, at l x + (l + e) (Q - x). The best x is (l + e) Q/(l + 4 e); it makes (l + e)^2 Q^2/(2 (l + 4 e)), and the
    fund pays e x Q *less*: the predator brings liquidity (sunshine trading). If it sells afterwards the fund pays
    l x Q more. Bessembinder, Carrion, Tuttle and Venkataraman, Journal of Financial Economics 121, 2016, find the
    first in oil futures.

    Examples
    --------
    >>> import shortgamma as sg
    >>> plan = sg.dealer.front_running(1.0, permanent=0.4, temporary=0.6)
    >>> round(plan.quantity, 6), round(plan.profit, 6), round(plan.cost, 6), plan.alone
    (0.357143, 0.178571, 0.785714, 1.0)
    """
    word("unwind", unwind, UNWIND)
    size, lasting, passing = real("quantity", quantity), real("permanent", permanent), real("temporary", temporary)
    for name, value in (("permanent", lasting), ("temporary", passing)):
        if not value >= 0.0:
            raise ValueError(f"{name} must be >= 0, got {float(value)!r}")
    alone = (lasting + passing) * size**2
    if unwind == "auction":
        bought = (lasting + passing) * size / (lasting + 4.0 * passing)
        profit = 0.5 * (lasting + passing) ** 2 * size**2 / (lasting + 4.0 * passing)
        return FrontRunning(*map(float, (bought, profit, alone - passing * bought * size, alone)))
    # bought at l x/2 + e x, sold at l (Q + x) - l x/2 - e x: the profit l Q x - 2 e x^2 is largest at l Q/(4 e)
    if passing == 0.0:
        raise ValueError("temporary must be > 0 with unwind='after': without it there is no best quantity")
    bought = lasting * size / (4.0 * passing)
    profit = lasting**2 * size**2 / (8.0 * passing)
    return FrontRunning(*map(float, (bought, profit, alone + lasting * bought * size, alone)))
