"""Rules of real leveraged products, each as its issuer published it, with what nobody published left to the caller.

Each function returns a `TokenRule`; ``rule.replace(...)`` changes what a caller knows better. Times of day are UTC
unless a zone is given. Expenses are a year, 365 times the fees a day of exchanges.
Costs and slippage of the issuers' trades are 0 unless given: none publishes them. The pools of Tracer trade nothing;
they are `power_transfer` and `sigmoid_transfer`.
"""

from __future__ import annotations

import math
from typing import Literal, TypeAlias

from shortgamma._core.checks import refuse_choice
from shortgamma.leverage._token_rule import TokenRule

__all__ = [
    "amun",
    "binance_blvt",
    "bybit",
    "daily_etf",
    "flexible_leverage_index",
    "ftx",
    "gate",
    "hbtc",
    "huobi",
    "kucoin",
    "mexc",
    "pionex",
    "toros",
]

Watch: TypeAlias = Literal["close", "extremes"] | None


def _one_of(name: str, value: float, choices: tuple[float, ...]) -> float:
    if value not in choices:
        raise ValueError(f"{name} must be one of {', '.join(f'{one:g}' for one in choices)}, got {value!r}")
    return float(value)


def daily_etf(
    leverage: float,
    *,
    expense: float = 0.0095,
    spread: float = 0.004,
    at: str | None = None,
    zone: str = "America/New_York",
) -> TokenRule:
    """Exchange-traded fund that seeks a multiple of each day's return.

    Parameters
    ----------
    leverage : float
        Multiple, signed.
    expense : float, default 0.0095
        Expense ratio, a fraction of NAV a year.
    spread : float, default 0.004
        Swap spread over the financing on what is borrowed, a year.
    at : str, optional
        Time of day of the NAV, such as "16:00", for prices within the day; by default every bar is a day.
    zone : str, default "America/New_York"
        Zone of this time of day.

    Returns
    -------
    TokenRule
        The rule.

    Raises
    ------
    ValueError
        If a number is out of its range.

    Notes
    -----
    ProShares and Direxion: the daily return of the index times the leverage, from one NAV to the next, before fees.
    The expense ratio of ProShares funds after waivers is 0.95 % (UltraPro Short Dow30, SEC 0001193125-25-220610,
    2025). Give the short rate as ``financing`` of `simulate`, and prices with dividends reinvested.

    The spread is in no prospectus: 0.40 % is what backtests of such funds commonly take; fitted to prices, 3x funds
    paid 0.66 to 0.74 % over federal funds and inverse funds next to nothing.

    Examples
    --------
    >>> import shortgamma as sg
    >>> sg.leverage.rules.daily_etf(3).expense
    0.0095
    """
    rule = TokenRule(leverage, expense=expense, spread=spread, name=f"daily ETF {leverage:+g}x")
    return rule.replace(every=1) if at is None else rule.replace(at=at, zone=zone)


def ftx(leverage: float = 3.0, *, expense: float = 0.1095, watch: Watch = None) -> TokenRule:
    """FTX leveraged tokens: BULL, BEAR, HEDGE and HALF.

    Parameters
    ----------
    leverage : {3, -3, -1, 0.5}, default 3
        BULL, BEAR, HEDGE or HALF.
    expense : float, default 0.1095
        Fee a year, a fraction of NAV: 0.03 % a day.
    watch : {"close", "extremes"}, optional
        What the trigger watches: all prices that are given, by default.

    Returns
    -------
    TokenRule
        The rule.

    Raises
    ------
    ValueError
        If there was no such token.

    Notes
    -----
    Daily at 00:02:00 UTC, and at once when the leverage is a third above the target (4x for BULL and BEAR), in the
    losing direction only; so HALF, whose leverage rises with its gains, has no trigger. Creation and redemption 0.10 %.
    FTX's own text, as reprinted by AscendEX, Poloniex and Bittrex; the exchange closed in 2022.

    Unknown: the fee of 0.03 % a day is reported but not confirmed, and when it was charged; here with the daily
    rebalance. The 30 % that FTX printed as the move that triggers HEDGE does not follow from its own rule.

    Examples
    --------
    >>> import shortgamma as sg
    >>> sg.leverage.rules.ftx(3).upper
    4.0
    """
    size = abs(_one_of("leverage", leverage, (3.0, -3.0, -1.0, 0.5)))
    return TokenRule(
        leverage,
        upper=4.0 * size / 3.0 if leverage != 0.5 else None,
        watch=watch,
        at="00:02",
        expense=expense,
        paid_at="00:02",
        subscription=0.001,
        redemption=0.001,
        name=f"FTX {leverage:+g}x",
    )


def mexc(leverage: float = 3.0, *, expense: float = 0.00365, watch: Watch = None) -> TokenRule:
    """MEXC leveraged tokens such as BTC3L and BTC3S.

    Parameters
    ----------
    leverage : {3, -3}, default 3
        Target.
    expense : float, default 0.00365
        Fee a year, a fraction of NAV: 0.001 % a day.
    watch : {"close", "extremes"}, optional
        What the trigger watches: all prices that are given, by default.

    Returns
    -------
    TokenRule
        The rule.

    Raises
    ------
    ValueError
        If there is no such token.

    Notes
    -----
    Daily at 16:00 UTC (00:00 UTC+8), and at once after an adverse move of 15 % since the last rebalance; the winning
    side is left alone ("BTC +15 %: BTC3S rebalanced, BTC3L unchanged"). Ten tokens become one when the NAV is under
    0.1. MEXC blog, undated.

    Unknown: sources conflict about the fee, 0.001 % a day (MEXC) and 0.2 % a day (others), and none tells the time of
    the charge; here 16:00.

    Examples
    --------
    >>> import shortgamma as sg
    >>> sg.leverage.rules.mexc(-3).adverse
    0.15
    """
    _one_of("leverage", leverage, (3.0, -3.0))
    return TokenRule(
        leverage,
        adverse=0.15,
        watch=watch,
        at="16:00",
        expense=expense,
        paid_at="16:00",
        merge_below=0.1,
        name=f"MEXC {leverage:+g}x",
    )


def kucoin(leverage: float = 3.0, *, expense: float = 0.1825, watch: Watch = None) -> TokenRule:
    """KuCoin leveraged tokens 3L and 3S.

    Parameters
    ----------
    leverage : {3, -3}, default 3
        Target.
    expense : float, default 0.1825
        Fee a year, a fraction of NAV: 0.05 % a day; twice that for some tokens.
    watch : {"close", "extremes"}, optional
        What the trigger watches: all prices that are given, by default.

    Returns
    -------
    TokenRule
        The rule.

    Raises
    ------
    ValueError
        If there is no such token.

    Notes
    -----
    Daily between 23:30 and 23:45 UTC, here at 23:45, and at once after an adverse move of 15 %, losing side only.
    Management 0.05 % a day (0.1 % for some) at 23:45 UTC; subscription and redemption 0.1 %; ten tokens become one when
    the NAV is under 0.1. KuCoin, undated.

    Unknown: when within the quarter of an hour a token trades.

    Examples
    --------
    >>> import shortgamma as sg
    >>> sg.leverage.rules.kucoin().paid_at
    '23:45'
    """
    _one_of("leverage", leverage, (3.0, -3.0))
    return TokenRule(
        leverage,
        adverse=0.15,
        watch=watch,
        at="23:45",
        expense=expense,
        paid_at="23:45",
        subscription=0.001,
        redemption=0.001,
        merge_below=0.1,
        name=f"KuCoin {leverage:+g}x",
    )


def gate(leverage: float = 3.0, *, regime: str = "band", expense: float = 0.365, watch: Watch = None) -> TokenRule:
    """Gate leveraged tokens 3L, 3S and 5L, under each of their three regimes.

    Parameters
    ----------
    leverage : {3, -3, 5}, default 3
        Nominal leverage; 5 only for "band".
    regime : {"band", "3x", "2.3x"}, default "band"
        "2.3x" until March 2025, "3x" from 2025-04-01, "band" from the middle of 2025.
    expense : float, default 0.365
        Fee a year, a fraction of NAV: 0.1 % a day.
    watch : {"close", "extremes"}, optional
        What the triggers watch: all prices that are given, by default.

    Returns
    -------
    TokenRule
        The rule.

    Raises
    ------
    ValueError
        If the rule of such a token is not known.

    Notes
    -----
    "2.3x": rebalanced to 2.3x at 00:00 UTC+8 if the leverage is under 1.8 or over 3 or the move over 1 %, and at once
    over 3 or after a move of 20 % either way. "3x": to 3x; under 2, over 4, 1 %; over 4 or 20 %. Gate, help article
    44111. "band": to the nominal leverage when it leaves 2.25 to 4.125 (3L: moves of +20 % and -12 %), 1.5 to 5.25 (3S:
    -20 % and +12 %) or 3.5 to 7 (5L: +12 % and -6.67 %); Gate, post 13598448. The fee of 0.1 % a day is said to cover
    all.

    Unknown: the time of the charge, here 00:00 UTC+8; a later post of 2026 speaks of a move of 15 % within the day
    instead of the band; the band of 5S.

    Examples
    --------
    >>> import shortgamma as sg
    >>> rule = sg.leverage.rules.gate(-3)
    >>> rule.lower, rule.upper
    (1.5, 5.25)
    """
    name = f"Gate {leverage:+g}x, {regime}"
    if regime == "band":
        lower, upper = {3.0: (2.25, 4.125), -3.0: (1.5, 5.25), 5.0: (3.5, 7.0)}[
            _one_of("leverage", leverage, (3.0, -3.0, 5.0))
        ]
        return TokenRule(leverage, lower=lower, upper=upper, watch=watch, expense=expense, paid_at="16:00", name=name)
    if regime not in ("3x", "2.3x"):
        refuse_choice("regime", regime, ("band", "3x", "2.3x"))
    sign = math.copysign(1.0, _one_of("leverage", leverage, (3.0, -3.0)))
    target, low, high = (3.0, 2.0, 4.0) if regime == "3x" else (2.3, 1.8, 3.0)
    return TokenRule(
        sign * target,
        upper=high,
        adverse=0.2,
        favourable=0.2,
        watch=watch,
        at="16:00",
        dead_band=(low, high),
        dead_move=0.01,
        expense=expense,
        paid_at="16:00",
        name=name,
    )


def huobi(leverage: float = 3.0, *, at: str = "16:00", expense: float = 0.365, watch: Watch = None) -> TokenRule:
    """Huobi (HTX) exchange-traded products such as BTC*3 and BTC*(-3).

    Parameters
    ----------
    leverage : {3, -3, -1}, default 3
        Target.
    at : str, default "16:00"
        Time of the daily rebalance, UTC.
    expense : float, default 0.365
        Fee a year, a fraction of NAV: 0.1 % a day.
    watch : {"close", "extremes"}, optional
        What the trigger watches: all prices that are given, by default.

    Returns
    -------
    TokenRule
        The rule.

    Raises
    ------
    ValueError
        If there is no such product.

    Notes
    -----
    Daily, and at once at a leverage of 4 for BTC*3 (-11.11 %), 5 for BTC*(-3) (+11.11 %) and 4 for BTC*(-1) (+60 %).
    Management 0.1 % a day at 23:55 UTC+8 from 2021-01-05. Huobi, in force in 2021.

    Unknown: the fixed time of the daily rebalance; here 00:00 UTC+8.

    Examples
    --------
    >>> import shortgamma as sg
    >>> sg.leverage.rules.huobi(-3).upper
    5.0
    """
    upper = {3.0: 4.0, -3.0: 5.0, -1.0: 4.0}[_one_of("leverage", leverage, (3.0, -3.0, -1.0))]
    return TokenRule(
        leverage, upper=upper, watch=watch, at=at, expense=expense, paid_at="15:55", name=f"Huobi {leverage:+g}x"
    )


def pionex(leverage: float = 2.0, *, upper: float | None = None, watch: Watch = None) -> TokenRule:
    """Pionex leveraged tokens 1L, 2L, 3L and 5L.

    Parameters
    ----------
    leverage : {1, 2, 3, 5}, default 2
        Target.
    upper : float, optional
        Upper bound of 3L, which must be given.
    watch : {"close", "extremes"}, optional
        What the triggers watch: all prices that are given, by default.

    Returns
    -------
    TokenRule
        The rule.

    Raises
    ------
    ValueError
        If there is no such token, or the bound is missing.

    Notes
    -----
    2L is rebalanced when its leverage leaves 1.6 to 3.5, which are moves of +33.3 % and -30 %; 3L when it leaves 2.2 to
    a bound of four point something. 5L is reduced at 07:00 UTC+8 when its leverage is over 5.05, never raised. Fifty
    tokens become one when the NAV is under 0.05. Pionex support and blog, undated.

    Unknown: the upper bound of 3L, cut off in the source; whether 1L is ever rebalanced; all fees.

    Examples
    --------
    >>> import shortgamma as sg
    >>> rule = sg.leverage.rules.pionex(2)
    >>> rule.lower, rule.upper
    (1.6, 3.5)
    """
    _one_of("leverage", leverage, (1.0, 2.0, 3.0, 5.0))
    rule = TokenRule(leverage, watch=watch, merge_below=0.05, merge=50, name=f"Pionex {leverage:+g}x")
    if leverage == 1.0:
        return rule
    if leverage == 2.0:
        return rule.replace(lower=1.6, upper=3.5)
    if leverage == 5.0:
        return rule.replace(at="23:00", dead_band=(0.0, 5.05))
    if upper is None:
        raise ValueError("upper is needed: the bound of 3x was not published in full")
    return rule.replace(lower=2.2, upper=upper)


def bybit(leverage: float = 3.0, *, watch: Watch = None) -> TokenRule:
    """Bybit leveraged tokens such as BTC3L.

    Parameters
    ----------
    leverage : {3}, default 3
        Target.
    watch : {"close", "extremes"}, optional
        What the triggers watch: all prices that are given, by default.

    Returns
    -------
    TokenRule
        The rule.

    Raises
    ------
    ValueError
        If there is no such token.

    Notes
    -----
    No clock; rebalanced when the leverage reaches 4 or 2. Purchase and redemption 0.1 %. Bybit help, undated.

    Unknown: the management fee and how funding is passed on.

    Examples
    --------
    >>> import shortgamma as sg
    >>> rule = sg.leverage.rules.bybit()
    >>> rule.lower, rule.upper
    (2.0, 4.0)
    """
    _one_of("leverage", leverage, (3.0,))
    return TokenRule(
        leverage,
        lower=2.0,
        upper=4.0,
        watch=watch,
        subscription=0.001,
        redemption=0.001,
        name=f"Bybit {leverage:+g}x",
    )


def binance_blvt(
    leverage: float = 2.0, *, lower: float = 1.25, upper: float = 4.0, expense: float = 0.0365, watch: Watch = None
) -> TokenRule:
    """Binance leveraged tokens such as BTCUP and BTCDOWN, of floating leverage.

    Parameters
    ----------
    leverage : float, default 2.0
        Leverage after a rebalance, negative for DOWN.
    lower, upper : float, default 1.25, 4.0
        Range of the actual leverage.
    expense : float, default 0.0365
        Fee a year, a fraction of NAV: 0.01 % a day.
    watch : {"close", "extremes"}, optional
        What the triggers watch: all prices that are given, by default.

    Returns
    -------
    TokenRule
        The rule.

    Raises
    ------
    ValueError
        If a number is out of its range.

    Notes
    -----
    No clock; rebalanced only when needed to keep the leverage in 1.25 to 4 (1.5 to 3 in the texts of May 2020).
    Management 0.01 % a day at 00:00 UTC; subscription and redemption 0.1 %. Binance, from May 2020 on.

    Unknown, on purpose: what leverage a rebalance goes to. In returns over four hours the median of BTCUP is 2.1 and of
    BTCDOWN -2.35.

    Examples
    --------
    >>> import shortgamma as sg
    >>> sg.leverage.rules.binance_blvt(-2.35).upper
    4.0
    """
    return TokenRule(
        leverage,
        lower=lower,
        upper=upper,
        watch=watch,
        expense=expense,
        paid_at="00:00",
        subscription=0.001,
        redemption=0.001,
        name=f"Binance {'UP' if leverage > 0.0 else 'DOWN'}",
    )


def flexible_leverage_index(index: str = "ETH2x", *, largest: float | None = None, cooldown: int = 1) -> TokenRule:
    """Flexible leverage index of Index Coop, on chain: ETH2x-FLI and BTC2x-FLI.

    Parameters
    ----------
    index : {"ETH2x", "BTC2x"}, default "ETH2x"
        Which.
    largest : float, optional
        Largest trade, a fraction of NAV.
    cooldown : int, default 1
        Bars between the pieces of a larger one.

    Returns
    -------
    TokenRule
        The rule.

    Raises
    ------
    ValueError
        If there is no such index.

    Notes
    -----
    Each epoch of 24 hours, and whenever the leverage is outside the band, it moves to
    max(MIN, min(MAX, 0.95 L + 0.05 * 2)): 1.7 to 2.3 for ETH2x, 1.8 to 2.2 for BTC2x. What is over the largest trade
    follows in pieces after a cooldown, and is dropped when the price has done it. 1.95 % a year, streaming; issue and
    redemption 0.1 %. Index Coop, contract FlexibleLeverageStrategyExtension (index-coop-smart-contracts, c852c02a).

    Unknown: the largest trades, which the operator sets; when an epoch begins, here at 00:00 UTC. The reward of the
    emergency call that brings the leverage to MAX is not modelled.

    Examples
    --------
    >>> import shortgamma as sg
    >>> sg.leverage.rules.flexible_leverage_index("BTC2x").minimum
    1.8
    """
    bands = {"ETH2x": (1.7, 2.3), "BTC2x": (1.8, 2.2)}
    if index not in bands:
        refuse_choice("index", index, bands)
    return TokenRule(
        2.0,
        lower=bands[index][0],
        upper=bands[index][1],
        target="recentred",
        speed=0.05,
        at="00:00",
        largest=largest,
        cooldown=cooldown,
        expense=0.0195,
        subscription=0.001,
        redemption=0.001,
        name=f"{index}-FLI",
    )


def toros(leverage: float = 2.0, *, lower: float = 1.8, upper: float = 2.2) -> TokenRule:
    """Leveraged token of Toros (dHEDGE), on chain, such as BTCBULL2X.

    Parameters
    ----------
    leverage : float, default 2.0
        Leverage at the start.
    lower, upper : float, default 1.8, 2.2
        Band.

    Returns
    -------
    TokenRule
        The rule.

    Raises
    ------
    ValueError
        If a number is out of its range.

    Notes
    -----
    Rebalanced when the leverage is outside the band, to "the edge of the target range again" and not to its middle.
    Toros, undated.

    Unknown: how often the leverage is looked at, here every bar; the bands of other tokens than 2x; fees.

    Examples
    --------
    >>> import shortgamma as sg
    >>> sg.leverage.rules.toros().target
    'edge'
    """
    return TokenRule(leverage, lower=lower, upper=upper, target="edge", name=f"Toros {leverage:+g}x")


def hbtc(leverage: float = 3.0, *, watch: Watch = None) -> TokenRule:
    """HBTC leveraged tokens.

    Parameters
    ----------
    leverage : {3, -3}, default 3
        Target.
    watch : {"close", "extremes"}, optional
        What the trigger watches: all prices that are given, by default.

    Returns
    -------
    TokenRule
        The rule.

    Raises
    ------
    ValueError
        If there was no such token.

    Notes
    -----
    Daily at 00:00 UTC, and at once over a leverage of 4; 0.03 % overnight at 00:00 UTC. HBTC, undated.

    Unknown: the targets, here 3x as elsewhere, and whether the trigger holds for the short side, where it is a move of
    +6.67 %.

    Examples
    --------
    >>> import shortgamma as sg
    >>> sg.leverage.rules.hbtc().at
    ('00:00',)
    """
    _one_of("leverage", leverage, (3.0, -3.0))
    return TokenRule(
        leverage, upper=4.0, watch=watch, at="00:00", expense=0.1095, paid_at="00:00", name=f"HBTC {leverage:+g}x"
    )


def amun(leverage: float = 3.0, *, watch: Watch = None) -> TokenRule:
    """Amun leveraged tokens such as BTC3X.

    Parameters
    ----------
    leverage : {3, -3}, default 3
        Target.
    watch : {"close", "extremes"}, optional
        What the trigger watches: all prices that are given, by default.

    Returns
    -------
    TokenRule
        The rule.

    Raises
    ------
    ValueError
        If there was no such token.

    Notes
    -----
    Daily at 17:00 CET, here with summer time, and at once after an adverse move of 15 %. Amun, undated, of BTC3X.

    Unknown: whether there is a short side; all fees.

    Examples
    --------
    >>> import shortgamma as sg
    >>> sg.leverage.rules.amun().adverse
    0.15
    """
    _one_of("leverage", leverage, (3.0, -3.0))
    return TokenRule(leverage, adverse=0.15, watch=watch, at="17:00", zone="Europe/Zurich", name=f"Amun {leverage:+g}x")
