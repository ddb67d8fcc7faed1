"""What to say to a call whose arguments a function does not have: the word that it uses instead."""

from __future__ import annotations

import inspect
import math
import re
import sys
from difflib import get_close_matches
from typing import TYPE_CHECKING

import numpy as np

from shortgamma._core.checks import common_shape, describe, number

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

# The words of this library, each with those that others use for the same thing, all in lower case.
SYNONYMS = {
    "spot": "s s0 underlying underlying_price asset_price price stock f forward spots",
    "spots": "s s0 spot underlying price prices grid levels",
    "strike": "k x strike_price exercise exercise_price strikes",
    "forward": "f fwd futures future forward_price spot s underlying",
    "barrier": "h b level barrier_level barrier_price trigger knock_in_level",
    "lower": "l lo low lower_barrier barrier_lo barrier_low down",
    "upper": "u hi high upper_barrier barrier_hi barrier_high up",
    "low": "l lo lows low_price lower",
    "high": "h hi highs high_price upper",
    "open": "o opens open_price opening",
    "close": "c closes prices price close_price",
    "vol": "sigma volatility iv implied_vol implied_volatility v std annual_vol",
    "other_vol": "vol2 vol_2 sigma2 sigma_2",
    "expiry": "t tau ttm maturity time_to_expiry time_to_maturity years tenor",
    "years": "t tau expiry maturity horizon holding_period",
    "rate": "r rf interest interest_rate risk_free risk_free_rate riskfree discount_rate funding_rate rates mmr",
    "foreign_rate": "rf r_f rate_foreign foreign q",
    "dividend": "q div dividends div_yield dividend_yield yield borrow borrow_cost",
    "other_dividend": "q2 q_2 dividend2 div2",
    "holding_yield": "q yield dividend dividend_yield",
    "rebate": "rebate_amount cash",
    "rebate_at": "rebate_time pay_at paid_at rebate_timing",
    "paid_at": "pay_at payment_time rebate_at settle_at",
    "amount": "cash payout rebate cash_amount",
    "kind": "barrier_type type style knock",
    "option": "option_type payoff right flag cp call_put callput put_call type side option_kind",
    "direction": "side up_down updown kind",
    "payoff": "payoff_type payout_type binary_type",
    "dates": "monitoring monitor n_monitor n_dates num_dates monitoring_dates observation_dates fixings observations",
    "observations": "dates observation_dates monitoring call_dates n_observations autocall_dates",
    "now": "today valuation_date valuation_time as_of evaluation_date pricing_date",
    "correlation": "corr corr_matrix correlations",
    "fx_vol": "vol_fx sigma_fx fx_sigma vol_settlement",
    "nominal": "notional face par principal",
    "notional": "nominal face size amount value",
    "call_level": "autocall_level autocall_barrier call_barrier trigger",
    "coupon": "coupon_rate cpn",
    "coupon_level": "coupon_barrier",
    "units": "quantity size n shares number",
    "leverage": "multiple target factor lever lev leverage_ratio l beta",
    "price": "prices close underlying index liquidation_price spot",
    "prices": "price book levels orderbook",
    "mark": "mark_price price index_price prices close",
    "entry": "entry_price open_price avg_price average_price mean_entry avg_entry_price",
    "exit": "exit_price close_price mark sell_price",
    "quantity": "size qty position contracts amount units lots position_size pos",
    "margin": "collateral equity balance wallet initial_margin isolated_margin wallet_balance",
    "collateral": "margin balance wallet equity balances wallet_balance",
    "balance": "collateral margin equity wallet",
    "maintenance": "mmr maintenance_margin maint_margin maintenance_rate mm margin_rate maintenance_margin_rate tiers",
    "initial": "initial_nav start_value initial_value imr initial_margin initial_margin_rate im",
    "contract": "specification spec instrument product",
    "contracts": "instruments contract specifications specs products",
    "multiplier": "contract_size contract_multiplier lot_size contract_value size",
    "fx": "collateral_price settlement settlement_price fx_rate",
    "fee": "fees commission taker_fee trading_fee fee_rate",
    "fees": "fee commission cost costs",
    "cost": "costs fee trading_cost transaction_cost commission slippage tc",
    "expense": "expense_ratio management_fee annual_fee ter mer",
    "financing": "financing_rate funding funding_rate borrow_rate rate interest_rate libor sofr",
    "funding": "funding_rate funding_rates rate rates",
    "slippage": "slip impact",
    "time": "times timestamp timestamps date dates index datetime ts",
    "funding_time": "funding_times funding_timestamps time times",
    "fill_time": "fill_times trade_time trade_times execution_time time",
    "fill_quantity": "fill_qty fill_size trade_quantity trade_size quantity qty size",
    "start": "begin from_ start_time start_date since t0",
    "end": "until to end_time end_date t1",
    "interval": "period frequency freq funding_interval interval_hours every",
    "periods_per_year": "annualization annualisation annualization_factor freq ppy bars_per_year steps_per_year",
    "drift": "mu expected_return mean",
    "premium": "premiums basis spread premium_index",
    "futures": "future future_price futures_price f forward fut",
    "interest": "interest_rate r rate",
    "clamp": "dampener damper band",
    "cap": "upper maximum max_rate max ceiling",
    "floor": "lower minimum min_rate min",
    "rule": "rules strategy policy token_rule",
    "return_": "ret return returns move r change",
    "returns": "ret return return_ rets",
    "assets": "aum net_assets total_assets fund_size",
    "nav": "net_asset_value inav value",
    "variance": "var realised_variance realized_variance",
    "confidence": "alpha level quantile",
    "window": "lookback length n rolling window_size period",
    "lags": "lag nlags maxlags max_lags hac_lags n_lags bandwidth",
    "hac_lags": "lag lags nlags maxlags max_lags bandwidth",
    "kernel": "weights_func window_function",
    "covariance": "cov_type cov covtype se standard_errors",
    "x": "exog regressors features",
    "y": "endog dependent response",
    "intercept": "add_constant const fit_intercept constant",
    "horizon": "h overlap steps_ahead",
    "compounding": "compound compounded method",
    "value": "price premium target option_price market_price",
    "paths": "n_paths num_paths n_sims simulations n_simulations npaths nsim samples",
    "steps": "n_steps num_steps nsteps time_steps",
    "rng": "seed random_state generator random_seed",
    "days": "n_days horizon period days_ahead",
    "depth": "liquidity market_depth orderbook book",
    "volume": "volumes adv turnover",
    "haircut": "haircuts collateral_weight discount",
    "coins": "coin assets currencies settlement_coins",
    "fund": "insurance_fund insurance",
    "source": "path file filename file_name filepath filepath_or_buffer filename_or_obj io buffer url data",
    "symbol": "ticker instrument market pair name contract",
    "axis": "dim axes",
    "ax": "axes axs subplot",
    "out": "output result",
    "order": "orders derivatives degree",
    "progress": "callback verbose progress_bar tqdm",
    "record": "output detail full return_type mode",
    "spread": "bid_ask bid_ask_spread",
    "orders": "open_orders order_margin",
    "fills": "trades executions",
    "transfers": "deposits withdrawals flows",
    "entry_fee": "open_fee opening_fee",
    "exit_fee": "close_fee closing_fee",
    "fx_entry": "collateral_entry entry_fx",
    "instrument": "position which symbol",
    "index": "index_price spot underlying",
    "underlying": "spot s price",
    "settlement": "fx collateral_price",
    "vol_underlying": "sigma_s vol sigma",
    "vol_settlement": "sigma_x fx_vol vol_fx",
    "ratio": "price_ratio x",
    "probability": "p prob quantile",
    "speed": "rate_of_reversion step_size",
    "bonus": "autocall_coupon call_coupon premium",
    "greek": "which name",
    "expiries": "maturities tenors expiry",
    "open_interest": "oi openinterest",
    "risk_aversion": "lambda_ lam gamma",
    "permanent": "permanent_impact gamma",
    "temporary": "temporary_impact eta",
    "periods": "n_periods steps n",
    "shock": "move return_",
    "move": "moves return_ shock pct",
    "dof": "df nu degrees_of_freedom",
    "weights": "weight w",
    "venue": "exchange",
    "t0": "start begin",
    "t1": "end stop",
    "near": "front near_price",
    "far": "back far_price",
    "treated": "treatment",
    "control": "controls",
    "effects": "entity_effects fixed_effects fe",
    "small_sample": "use_correction small dof_correction",
    "interpolation": "interp",
    "monitoring": "dates observation n_monitor",
    "scale": "units_scale multiply",
}
# Words that no argument has, and how to say the same with the arguments of a function.
INSTEAD = {
    "leverage lev lever leverage_ratio": {
        "margin": "write margin=, for a linear contract quantity * entry / leverage",
        "collateral": "write collateral=, for a linear contract quantity * entry / leverage",
        "rule": "write rule=sg.leverage.TokenRule(leverage, ...)",
        "initial": "write initial=, 1 / leverage",
    },
    "side is_long long short direction position_side": {
        "quantity": "write quantity > 0 for long and < 0 for short",
        "fill_quantity": "write fill_quantity > 0 for bought and < 0 for sold",
        "leverage": "write leverage > 0 for long and < 0 for short",
    },
    "days dte days_to_expiry days_to_maturity": {
        "expiry": "write expiry=days / 365",
        "years": "write years=days / 365",
    },
    "months": {"expiry": "write expiry=months / 12", "years": "write years=months / 12"},
    "is_call iscall call is_put isput put": {"option": 'write option="call" or option="put"'},
    "is_up up_barrier is_down down_barrier is_knock_in knock_in in_out up down": {
        "kind": 'write kind=, such as "down-in"',
    },
    "cost_of_carry carry_cost carry b": {"dividend": "write dividend=rate - carry"},
    "discount discount_factor df": {"rate": "write rate=-log(discount) / expiry"},
    "contract_size contract_multiplier lot_size inverse linear quanto is_inverse contract_type": {
        "contract": "write contract=sg.contracts.Contract(kind, multiplier=...)",
        "contracts": "write contracts=[sg.contracts.Contract(kind, multiplier=...), ...]",
    },
    "symbol ticker exchange venue market": {
        "contract": "write contract=sg.venues[venue].contract(symbol)",
        "contracts": "write contracts=[sg.venues[venue].contract(symbol), ...]",
    },
    "dt bar_length timeframe freq frequency": {
        "periods_per_year": "write time=, the times of the bars, or periods_per_year=",
        "time": "write time=, the times of the bars",
    },
}
# Annotations of numbers.
NUMERIC = re.compile(r"(ArrayLike|float|int|Floats)( \| (ArrayLike|float|int|Floats|None))*")
# What an annotation says of an argument that may be an array.
ARRAYS = re.compile(r"ArrayLike|Sequence|NDArray|Any|Floats|Names")
# What NumPy and Python say of arrays that do not fit, or stand where something else has to.
SHAPES = re.compile(r"broadcast|shape mismatch|in its core dimension|enough dimensions")
ONE_NUMBER = re.compile(
    r"truth value of an? (empty )?(array|Series)|unsupported format string|length-1|0-dimensional|only integer"
)
HASHED = re.compile(r"unhashable type")
COUNTED = re.compile(r"has no len\(\)|is not iterable|not subscriptable|unsized object|over a 0-d array")
WORDS = re.compile(r"could not convert string|numpy boolean")
# What a description says of a type that is not the type.
DEFAULT = re.compile(r", (optional|default .*)$")
UNKNOWN = re.compile(r"got an unexpected keyword argument '(.*)'$")
TOO_MANY = re.compile(r"takes (?:from \d+ to )?(\d+) positional arguments? but (\d+) ")
BOTH = re.compile(r"got some positional-only arguments passed as keyword arguments: '(.*)'$")


def meant(word: str, parameters: Iterable[str]) -> str | None:
    """The parameter that a caller of this library who writes ``word`` has in mind."""
    names = list(parameters)
    folded = word.lower()
    for name in names:
        if folded == name.lower() or folded in SYNONYMS.get(name, "").split():
            return name
    near = get_close_matches(folded, names, n=1, cutoff=0.75)
    return near[0] if near else None


def answer(word: str, function: Callable[..., object], given: Iterable[str]) -> str | None:
    """What to write in place of a keyword that ``function`` does not have; None where nothing is known."""
    parameters = inspect.signature(function).parameters
    missing = [name for name in parameters if name not in given]
    name = meant(word, missing)
    if name is None:
        for words, ways in INSTEAD.items():
            if word.lower() in words.split():
                for argument, way in ways.items():
                    if argument in parameters:
                        return way
        name = meant(word, parameters)
    if name is not None:
        return f"did you mean {name}=?"
    takers = _takers(word, function)
    return f"it is an argument of {', '.join(takers)}" if takers else None


def _takers(word: str, function: Callable[..., object]) -> list[str]:
    """At most three functions of the same family that have the keyword, those of a similar name first."""
    package = function.__module__.rpartition(".")[0]
    family = sys.modules[function.__module__ if package == "shortgamma" else package]
    takers = [
        name
        for name in family.__all__
        if inspect.isroutine(getattr(family, name)) and word in inspect.signature(getattr(family, name)).parameters
    ]
    return get_close_matches(function.__name__, takers, n=3, cutoff=0.0)


def digits(value: int) -> int:
    """How many digits an integer has, without writing it down."""
    return int(value.bit_length() * math.log10(2)) + 1


def _at_fault(
    function: Callable[..., object], args: tuple[Any, ...], keywords: dict[str, Any], error: Exception
) -> Exception:
    """An error of the function itself: unchanged if it says what is wrong, else one that names the argument at fault.

    Errors of this package, as those of readers, and those that ``numpy.errstate`` asks for are never changed.
    """
    parameters, text = inspect.signature(function).parameters, str(error)
    if (
        isinstance(error, FloatingPointError)
        or type(error).__module__.startswith("shortgamma")
        or any(re.search(rf"\b{name}\b", text) for name in parameters)
    ):
        return error
    given = [
        (name, value, str(parameters[name].annotation) if name in parameters else "")
        for name, value in (*zip(parameters, args, strict=False), *keywords.items())
    ]
    for name, value, annotation in given:
        better = _no_number(name, value, annotation) or _odd(function, name, value, annotation)
        if better is not None:
            better.__cause__ = error
            return better
    better = _ill_shaped(text, given)
    if better is None:
        return error
    better.__cause__ = error
    return better


def _ill_shaped(text: str, given: list[tuple[str, Any, str]]) -> Exception | None:
    """The error for arrays that do not fit each other, or stand where one number, word or sequence has to."""
    if SHAPES.search(text):
        return _unfit(given)
    if ONE_NUMBER.search(text):
        for name, value, annotation in given:
            if np.ndim(value) and not ARRAYS.search(annotation):
                return ValueError(f"{name} must be one {_one(annotation)}, got an array of shape {np.shape(value)}")
    if HASHED.search(text):
        for name, value, annotation in given:
            if "Literal" in annotation or "str" in annotation:
                try:
                    hash(value)
                except TypeError:
                    return TypeError(f"{name} must be one word, got {type(value).__name__}")
    if COUNTED.search(text):
        for name, value, annotation in given:
            if not np.ndim(value) and not isinstance(value, str) and "Sequence" in annotation:
                return TypeError(f"{name} must be an array or a sequence, got {type(value).__name__}")
    if WORDS.search(text):
        for name, value, _ in given:
            if np.asarray(value).dtype.kind in "bUSO":
                return TypeError(f"{name} must hold numbers, got {describe(value, np.asarray(value))}")
    return None


def _one(annotation: str) -> str:
    return "word" if "Literal" in annotation or "str" in annotation else "number"


def _unfit(given: list[tuple[str, Any, str]]) -> ValueError:
    """The first argument whose shape does not broadcast with those before, or else the shapes of all."""
    arrays = {name: value for name, value, _ in given if np.ndim(value)}
    try:
        common_shape(arrays)
    except ValueError as error:
        return error
    return ValueError(f"shapes do not fit: {', '.join(f'{name} {np.shape(value)}' for name, value in arrays.items())}")


def _no_number(name: str, value: object, annotation: str) -> Exception | None:
    """The error for an argument that has to be a number and is not; None if it is, or may be something else."""
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        return ValueError(f"{name} must be a number that a double can hold, got one of {digits(value)} digits")
    if not NUMERIC.fullmatch(annotation) or (value is None and "None" in annotation):
        return None
    try:
        number(name, value)  # type: ignore[arg-type]
    except (TypeError, ValueError) as error:
        return error
    return None


def _odd(function: Callable[..., object], name: str, value: object, annotation: str) -> TypeError | None:
    """The error for an argument that no function takes, such as a ragged list, in the words of its description."""
    if isinstance(value, str | dict) or callable(value) or _is_ours(value):
        return None
    if value is None:
        if "None" in annotation or annotation in ("Any", ""):
            return None
        got = "None"
    elif isinstance(value, bytes):
        got = repr(value[:20])
    else:
        try:
            array = np.asarray(value)
        except ValueError:
            got = "a ragged sequence"
        else:
            if array.dtype.kind in "fiubUTM" or (array.dtype.kind == "O" and all(map(_is_ours, array.flat))):
                return None
            got = describe(value, array)
    described = re.search(rf"^ *(?:\w+, )*{name}(?:, \w+)* : (.*)$", function.__doc__ or "", re.MULTILINE)
    kind = DEFAULT.sub("", described[1]) if described else "of another type"
    return TypeError(f"{name} must be {kind}, got {got}")


def _is_ours(value: object) -> bool:
    return type(value).__module__.startswith("shortgamma")


def explain(
    function: Callable[..., object], args: tuple[Any, ...], keywords: dict[str, Any], error: Exception
) -> Exception:
    """The error of a call that does not fit ``function``, with what to write instead."""
    text = str(error)
    parameters = inspect.signature(function).parameters
    unknown = UNKNOWN.search(text)
    # of a call with labels Python's refusal has come through the pairing
    refused = unknown is not None and unknown[1] in keywords and unknown[1] not in parameters
    if error.__traceback__ is not None and not refused:
        return _at_fault(function, args, keywords, error)
    if unknown:
        # what stands before the first argument by name is given by position
        words = answer(unknown[1], function, {*list(parameters)[: len(args)], *keywords})
        return TypeError(f"{text}: {words}" if words else text)
    too_many = TOO_MANY.search(text)
    by_name = [name for name, parameter in parameters.items() if parameter.kind is parameter.KEYWORD_ONLY]
    if too_many and by_name:
        surplus = by_name[: max(1, int(too_many[2]) - int(too_many[1]))]
        return TypeError(f"{text}: write {', '.join(f'{name}=...' for name in surplus)}")
    return error
