"""What to say to a call whose arguments a function does not have: the word that it uses instead."""

from __future__ import annotations

import inspect
import math
import re
from difflib import get_close_matches
from typing import TYPE_CHECKING

import numpy as np

from shortgamma._core.checks import describe, number

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

# The words of this library, each with those that others use for the same thing, all in lower case.
SYNONYMS = {
    "spot": "s s0 underlying underlying_price asset_price price stock f forward",
    "strike": "k x strike_price exercise exercise_price",
    "barrier": "h b level barrier_level barrier_price trigger",
    "lower": "l lo low lower_barrier barrier_lo barrier_low down",
    "upper": "u hi high upper_barrier barrier_hi barrier_high up",
    "vol": "sigma volatility iv implied_vol v std",
    "expiry": "t tau ttm maturity time_to_expiry time_to_maturity years dte tenor",
    "years": "t tau expiry maturity",
    "rate": "r rf interest interest_rate risk_free risk_free_rate riskfree discount_rate funding_rate",
    "dividend": "q div dividends div_yield dividend_yield yield borrow borrow_cost carry",
    "rebate": "rebate_amount cash",
    "amount": "cash payout rebate",
    "kind": "barrier_type type style knock",
    "option": "option_type payoff right flag cp call_put callput put_call type side",
    "dates": "monitoring monitor n_monitor n_dates num_dates monitoring_dates observation_dates fixings observations",
    "correlation": "rho corr",
    "fx_vol": "vol_fx sigma_fx fx_sigma vol_settlement",
    "nominal": "notional face par principal",
    "call_level": "autocall_level autocall_barrier call_barrier trigger",
    "coupon_level": "coupon_barrier",
    "leverage": "multiple target factor lever",
    "price": "prices close underlying index liquidation_price",
    "mark": "mark_price price index_price",
    "entry": "entry_price open_price avg_price average_price mean_entry",
    "quantity": "size qty position contracts amount units lots",
    "margin": "collateral equity balance wallet initial_margin",
    "collateral": "margin balance wallet equity",
    "maintenance": "mmr maintenance_margin maint_margin maintenance_rate mm margin_rate",
    "fx": "collateral_price settlement settlement_price fx_rate",
    "fee": "fees commission taker_fee",
    "expense": "expense_ratio management_fee annual_fee",
    "time": "times timestamp timestamps date dates index",
    "out": "output result",
    "value": "price premium target",
}
# Annotations of numbers.
NUMERIC = re.compile(r"(ArrayLike|float|int|Floats)( \| (ArrayLike|float|int|Floats|None))*")
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
    return error


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
    if error.__traceback__ is not None:
        return _at_fault(function, args, keywords, error)
    unknown = UNKNOWN.search(text)
    if unknown:
        name = meant(unknown[1], parameters)
        return TypeError(f"{text}: did you mean {name}=?" if name else text)
    too_many = TOO_MANY.search(text)
    by_name = [name for name, parameter in parameters.items() if parameter.kind is parameter.KEYWORD_ONLY]
    if too_many and by_name:
        surplus = by_name[: max(1, int(too_many[2]) - int(too_many[1]))]
        return TypeError(f"{text}: write {', '.join(f'{name}=...' for name in surplus)}")
    return error
