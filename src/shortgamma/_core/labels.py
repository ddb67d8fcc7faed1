"""Labels: one rule for all public functions, called when an argument is of pandas, polars or xarray, or has a mask.

The labels of the argument with most dimensions count, of several such those of the first. The same labels in another
order are reordered; other labels raise, and the first of them is named. A series beside a frame runs along the axis
whose labels it has. Functions themselves see arrays only, and what they give is labelled again.
"""

from __future__ import annotations

import inspect
import sys
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from shortgamma._core.checks import first, place
from shortgamma._core.results import Result
from shortgamma._core.times import times
from shortgamma._core.venue_data import contracts as stored
from shortgamma._core.words import asset

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

ROWS, COLUMNS = "rows", "columns"
# Arguments that are times, not numbers, and arguments that are not paired.
TIMES = frozenset({"time", "fill_time", "funding_time", "t0", "t1", "start", "end"})
APART = frozenset({"out", "axis", "over", "state", "indptr_fills", "indptr_fundings", "indptr_times"})
# Arguments of functions of paths that have no axis of time: one number for each path.
OF_PATHS = {
    "nav": {"leverage", "cost", "initial"},
    "simulate": {"initial"},
    "first_breach": {"quantity", "entry", "margin", "fee", "maintenance"},
    "impact_price": {"notional"},
}
# Functions of paths whose results have no axis of time, and those with an element for each step.
REDUCING = frozenset({"compare", "first_breach", "realized_funding", "impact_price"})
STEPPING = frozenset({"three_leg_path"})
# Functions that read the times of bars off the labels of prices, if they are not given.
CLOCKED = frozenset({"nav", "simulate", "compare"})
# Fields of results that are not along the axes of the arguments.
BESIDE = frozenset({"time", "axis"})
# Functions whose arguments are of several kinds of things: what their axes are, and those of the result.
AXES: dict[str, dict[str, tuple[str, ...]]] = {
    "accrue_events": {
        "fill_time": ("fill",), "fill_quantity": ("fill",), "funding_time": ("time",), "mark": ("time",),
        "rate": ("time",), "fx": ("time",), "return": ("time",),
    },
    "accrue_continuous": {
        "fill_time": ("fill",), "fill_quantity": ("fill",), "time": ("time",), "mark": ("time",), "rate": ("time",),
        "return": ("time",),
    },
    "position_at": {"fill_time": ("fill",), "fill_quantity": ("fill",), "time": ("time",), "return": ("time",)},
}  # fmt: skip
ACCOUNT: dict[str, tuple[str, ...]] = {
    "mark": ("bar", "instrument"), "fx": ("bar", "coin"), "quantity": ("account", "instrument"),
    "entry": ("account", "instrument"), "collateral": ("account", "coin"), "low": ("bar", "instrument"),
    "high": ("bar", "instrument"), "fx_low": ("bar", "coin"), "fx_high": ("bar", "coin"),
    "funding": ("bar", "instrument"), "fee": ("instrument",), "haircut": ("coin",), "vol": ("asset",),
    "drift": ("asset",), "fund": ("coin",), "orders": ("account", "coin"), "slippage": ("instrument",),
}  # fmt: skip
# Where an argument may have two axes, a series is along the last, or along one of "series" if that is given.
AXES |= {
    **{f"account_{name}": {**ACCOUNT, "return": ("account",)} for name in ("price", "first_breach")},
    **{
        f"account_{name}": {**ACCOUNT, "return": ("account",), "return or": ("bar",)}
        for name in ("equity", "maintenance", "margin_ratio")
    },
    "account_breach_probability": {**ACCOUNT, "return": ("account",)},
    # of a path of accounts; its events are by place
    "liquidation.simulate": {
        **ACCOUNT, "series": ("bar", "account"), "return": (), "return.quantity": ("account", "instrument"),
        "return.collateral": ("account", "coin"), "return.equity": ("account", "coin"), "return.fund": ("coin",),
        "return.fees": ("coin",), "return.market": ("coin",),
    },
    "simulate_cascade": {
        "mark": ("start",), "quantity": ("account",), "entry": ("account",), "margin": ("account",),
        "maintenance": ("account",), "return": ("start",), "return.wave": ("start", "account"),
        "return.equity": ("start", "account"), "return.fills": (),
    },
    "constant_risk_hedge": {
        "mark": ("bar", "path"), "fx": ("bar", "path"), "quantity": ("path",), "fee": ("path",), "series": ("bar",),
        "return": ("bar", "path"),
    },
}  # fmt: skip
# Books of options and notes, beside spots, moves and funds that have labels of their own.
OPTIONS: dict[str, tuple[str, ...]] = dict.fromkeys(
    ("strike", "vol", "expiry", "quantity", "option", "multiplier", "rate", "dividend", "forward", "by"), ("option",)
)
NOTES: dict[str, tuple[str, ...]] = dict.fromkeys(
    ("strike", "barrier", "vol", "expiry", "units", "rate", "dividend"), ("note",)
)
AXES |= {
    "exposure": {**OPTIONS, "return": ()},
    "dealer.profile": {**OPTIONS, "spots": ("spot",), "return": ("spot",)},
    "flips": {**OPTIONS, "return": ()},
    "dealer.hedge_flow": {**OPTIONS, "move": ("move",), "return": ("move",)},
    "note_book": {**NOTES, "spots": ("spot",), "return": (), "return.spot": ("spot",), "return.hedge": ("spot",)},
    "closing_flow": {
        "assets": ("fund",), "leverage": ("fund",), "capital_flow": ("fund",), "return_": ("bar",), "return": ("bar",),
    },
    "predatory_trading": {"quantity": ("trader",), "return": (), "return.costs": ("trader",)},
    "event_window": {
        "x": ("bar",), "time": ("bar",), "events": ("event",), "return": (), "return.before": ("event",),
        "return.after": ("event",),
    },
}  # fmt: skip


class Labelled(NamedTuple):
    """An argument with labels."""

    array: Any
    dims: tuple[Any, ...]
    """Names of its axes: of pandas and polars ``rows`` and ``columns``."""
    labels: tuple[Any, ...]
    """An index of pandas for each axis, None where positions count."""
    library: str
    title: Any
    """The name of a series or of a DataArray."""


def call(function: Callable[..., Any], args: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
    """``function`` of the arrays behind the arguments, with labels on what it gives."""
    signature = _signature(function)
    try:
        bound = signature.bind(*args, **keywords)
    except TypeError:
        # its own words for what does not fit
        return function(*args, **keywords)
    arguments = _flat(signature, bound.arguments)
    given = {
        name: labelled
        for name, value in arguments.items()
        if name not in APART and (labelled := _read(name, value)) is not None
    }
    given = {name: each for name, each in given.items() if each.array is not None}
    marked = {name: each for name, each in given.items() if each.library}
    libraries = {each.library: name for name, each in marked.items()}
    if len(libraries) > 1:
        (library, name), (second, beside) = list(libraries.items())[:2]
        raise TypeError(f"{name} is of {library} and {beside} of {second}: pairs are found by labels of one library")
    axes = axes_of(function)
    arrays: dict[str, Any] = {}
    frame: Frame | None = None
    if axes is not None:
        arrays, known = _pair_axes(marked, axes, arguments)
        if "coins" in signature.parameters and "coin" in known and arguments.get("coins") is None:
            bound.arguments["coins"] = list(known["coin"][1])
        values = {**{name: each.array for name, each in given.items()}, **arrays}
        result = _again(function, signature, bound, values)
        return _label_axes(result, axes, known, next(iter(marked.values()))) if marked else result
    if marked:
        arrays, frame = _pair(function.__name__, marked, arguments, signature)
        if function.__name__ in CLOCKED and arguments.get("time") is None and arguments.get("periods_per_year") is None:
            _read_clock(bound, frame)
        if not set(marked) - {"time", "fill_time", "funding_time"}:
            frame = None
    values = {**{name: each.array for name, each in given.items()}, **arrays}
    result = _again(function, signature, bound, values)
    return result if frame is None else _label(result, frame)


def _read_clock(bound: inspect.BoundArguments, frame: Frame) -> None:
    """The times of bars, where the labels of the prices are times."""
    labels = dict(zip(frame.dims, frame.labels, strict=True)).get(frame.lost)
    kind = getattr(labels, "dtype", None)
    if getattr(kind, "kind", "") != "M" and not str(kind).startswith("period"):
        return
    if "time" in bound.signature.parameters:
        bound.arguments["time"] = labels
    else:
        bound.arguments["keywords"] = {**bound.arguments.get("keywords", {}), "time": labels}


@cache
def _signature(function: Callable[..., Any]) -> inspect.Signature:
    return inspect.signature(function)


def _flat(signature: inspect.Signature, arguments: dict[str, Any]) -> dict[str, Any]:
    """Arguments by name, also those that a function takes by ``**``."""
    flat = {}
    for name, value in arguments.items():
        if signature.parameters[name].kind is inspect.Parameter.VAR_KEYWORD:
            flat.update(value)
        else:
            flat[name] = value
    return flat


def _again(
    function: Callable[..., Any], signature: inspect.Signature, bound: inspect.BoundArguments, values: dict[str, Any]
) -> Any:
    for name, value in bound.arguments.items():
        if signature.parameters[name].kind is inspect.Parameter.VAR_KEYWORD:
            bound.arguments[name] = {key: values.get(key, each) for key, each in value.items()}
        elif name in values:
            bound.arguments[name] = values[name]
    return function(*bound.args, **bound.kwargs)


# ---------------------------------------------------------------------------------------------------------------
# Arguments


def _read(name: str, value: Any) -> Labelled | None:
    """What an argument holds, None if it is to be handed on as it is."""
    kind: Any = type(value)
    library = _library(kind)
    if library == "numpy.ma":
        return Labelled(_filled(name, value), (), (), "", None)
    if library == "xarray":
        data = value.data if hasattr(value, "dims") and hasattr(value, "data") else None
        if data is None:
            return None
        labels = tuple(value.indexes.get(dim) for dim in value.dims)
        return Labelled(_numbers(name, data), tuple(value.dims), labels, library, value.name)
    if library == "polars":
        if not hasattr(value, "to_numpy"):
            return None
        columns = getattr(value, "columns", None)
        array = _numbers(name, value.to_numpy())
        if columns is None:
            return Labelled(array, (ROWS,), (None,), library, value.name)
        return Labelled(array, (ROWS, COLUMNS), (None, _index(columns)), library, None)
    if library != "pandas" or (not hasattr(value, "dtype") and not hasattr(value, "dtypes")):
        return None
    if not hasattr(value, "iloc"):
        # an index has no labels: it is an array
        return None if name in TIMES else Labelled(_of_pandas(name, value), (), (), "", None)
    if value.ndim == 1:
        return Labelled(_of_pandas(name, value), (ROWS,), (value.index,), library, value.name)
    return Labelled(_of_pandas(name, value), (ROWS, COLUMNS), (value.index, value.columns), library, None)


@cache
def _library(kind: Any) -> str:
    for base in kind.__mro__:
        library: str = base.__module__.partition(".")[0]
        if library in ("pandas", "polars", "xarray"):
            return library
        if base.__module__.startswith("numpy.ma"):
            return "numpy.ma"
    return ""


def _index(labels: Iterable[Any]) -> Any:
    return sys.modules["pandas"].Index(labels) if "pandas" in sys.modules else _Names(labels)


class _Names(list[Any]):
    """Labels without pandas."""

    is_unique = True

    def equals(self, other: Any) -> bool:
        return list(self) == list(other)

    def get_indexer(self, wanted: Any) -> Any:
        return np.array([self.index(label) if label in self else -1 for label in wanted])


def _of_pandas(name: str, value: Any) -> Any:
    if name in TIMES:
        return times(name, value).view("datetime64[ns]")
    kinds = [value.dtype] if hasattr(value, "dtype") else list(value.dtypes)
    if any(getattr(kind, "kind", "") in "iuf" and not isinstance(kind, np.dtype) for kind in kinds):
        # what is missing in a column of pandas' own types is NaN
        return value.to_numpy(dtype=np.float64, na_value=np.nan)
    return value.to_numpy()


def _numbers(name: str, data: Any) -> Any:
    if name in TIMES:
        return times(name, data).view("datetime64[ns]")
    return data


def _filled(name: str, value: Any) -> Any:
    """A masked array with NaN where it is masked."""
    if value.dtype.kind in "fiu":
        return value.astype(np.result_type(value.dtype, np.float64)).filled(np.nan)
    if np.any(value.mask):
        index = first(np.broadcast_to(value.mask, value.shape))
        raise ValueError(f"{place(name, index)} must be given, got a masked element of dtype {value.dtype}")
    return value.filled()


# ---------------------------------------------------------------------------------------------------------------
# Pairs


class Frame(NamedTuple):
    """The labels of a result."""

    like: Labelled
    dims: tuple[Any, ...]
    labels: tuple[Any, ...]
    sizes: tuple[int, ...]
    title: Any
    lost: Any
    """The axis that a result of one dimension less does not have."""
    reduced: bool
    """Whether no result has it."""
    names: list[Any]
    """What the elements of an axis beyond those of the arguments are called."""
    steps: bool
    """Whether results have an element for each step between two along it."""


def _pair(
    function: str, found: dict[str, Labelled], arguments: dict[str, Any], signature: inspect.Signature
) -> tuple[dict[str, Any], Frame]:
    head = max(found, key=lambda name: len(found[name].dims))
    main = found[head]
    of_paths = OF_PATHS.get(function, set()) if "axis" in signature.parameters else set()
    dims, labels, sizes = list(main.dims), list(main.labels), list(np.shape(main.array))
    placed = {}
    for name, each in found.items():
        own = _dims_of(name, each, head, main) if each.library != "xarray" else each.dims
        for dim, index, size in zip(own, each.labels, np.shape(each.array), strict=True):
            if dim not in dims:
                dims.append(dim)
                labels.append(index)
                sizes.append(size)
        placed[name] = own
    known = dict(zip(dims, labels, strict=True))
    time = _time(arguments, signature, main)
    arrays = {}
    for name, each in found.items():
        array, own = each.array, placed[name]
        for axis, (dim, index) in enumerate(zip(own, each.labels, strict=True)):
            array = _ordered(name, array, axis, index, head, known[dim])
        arrays[name] = _laid(array, own, dims, time, name in of_paths)
    titles = {each.title for each in found.values()}
    names = _names_of(arguments.get("rule"))
    if function == "nav" and "leverage" not in found and np.ndim(arguments["leverage"]) == 1 and sizes[1:] in ([], [1]):
        # of one path and several leverages
        names = np.asarray(arguments["leverage"]).tolist()
    over = arguments.get("over")
    lost = dims[over % len(dims)] if isinstance(over, int) and len(dims) > 1 else time
    title = titles.pop() if len(titles) == 1 else None
    reduced = function in REDUCING or arguments.get("record") == "summary"
    steps = function in STEPPING
    return arrays, Frame(main, tuple(dims), tuple(labels), tuple(sizes), title, lost, reduced, names, steps)


def _names_of(rules: Any) -> list[Any]:
    """What several rules are called."""
    if isinstance(rules, dict):
        return [str(key) for key in rules]
    if isinstance(rules, list | tuple):
        return [getattr(rule, "name", "") or f"rule {i}" for i, rule in enumerate(rules)]
    return []


def _dims_of(name: str, each: Labelled, head: str, main: Labelled) -> tuple[Any, ...]:
    """The axes of a series or frame within those of the main argument."""
    if len(each.dims) == len(main.dims) or len(each.dims) > 1:
        return main.dims[: len(each.dims)]
    if each.labels[0] is None:
        return main.dims[:1]
    fits = [
        dim
        for dim, labels in zip(main.dims, main.labels, strict=True)
        if labels is not None and _same(each.labels[0], labels)
    ]
    if len(fits) > 1:
        raise ValueError(f"{name} has the labels of both the rows and the columns of {head}: give it as an array")
    if fits:
        return (fits[0],)
    # the axis to which it comes nearest says what is wrong
    shared = [_shared(each.labels[0], labels) for labels in main.labels]
    return (main.dims[int(np.argmax(shared))],)


def _shared(labels: Any, others: Any) -> int:
    return 0 if others is None else int((others.get_indexer(labels) >= 0).sum()) if others.is_unique else 0


def _same(labels: Any, others: Any) -> bool:
    if labels is others or labels.equals(others):
        return True
    return (
        len(labels) == len(others)
        and labels.is_unique
        and others.is_unique
        and bool((others.get_indexer(labels) >= 0).all())
    )


def _ordered(name: str, array: Any, axis: int, labels: Any, head: str, wanted: Any) -> Any:
    """``array`` with its labels in the order of others."""
    if labels is None or wanted is None or labels is wanted or labels.equals(wanted):
        return array
    for who, index in ((name, labels), (head, wanted)):
        if not index.is_unique:
            twice = index[index.duplicated()][0]
            raise ValueError(f"{who} has the label {_told(twice)} twice: its labels cannot be paired with others")
    places = labels.get_indexer(wanted)
    if (places < 0).any():
        missing = wanted[int(np.argmax(places < 0))]
        raise ValueError(f"{name} has no label {_told(missing)}, which {head} has")
    if len(labels) > len(wanted):
        superfluous = labels[int(np.argmax(wanted.get_indexer(labels) < 0))]
        raise ValueError(f"{name} has the label {_told(superfluous)}, which {head} does not have")
    return array.take(places, axis=axis) if isinstance(array, np.ndarray) else array[(slice(None),) * axis + (places,)]


def _told(label: Any) -> str:
    return str(label) if hasattr(label, "isoformat") else repr(label)


def _time(arguments: dict[str, Any], signature: inspect.Signature, main: Labelled) -> Any:
    """The axis of time, None of functions that have none."""
    if "axis" not in signature.parameters and "keywords" not in signature.parameters:
        return None
    axis = arguments.get("axis", signature.parameters["axis"].default if "axis" in signature.parameters else 0)
    if not isinstance(axis, int | np.integer) or not -len(main.dims) <= axis < len(main.dims):
        return None
    return main.dims[axis]


def _laid(array: Any, own: tuple[Any, ...], dims: Sequence[Any], time: Any, of_paths: bool) -> Any:
    """``array`` with an axis of length 1 for each that it lacks; a series along time stays one."""
    if len(own) == len(dims) and own == tuple(dims):
        return array
    if time is not None and own == (time,) and not of_paths:
        return array
    kept = [dim for dim in dims if dim in own]
    if list(own) != kept:
        array = array.transpose([own.index(dim) for dim in kept])
    target = [dim for dim in dims if dim != time or not of_paths]
    return array.reshape([array.shape[kept.index(dim)] if dim in kept else 1 for dim in target])


def axes_of(function: Callable[..., Any]) -> dict[str, tuple[str, ...]] | None:
    family = function.__module__.rpartition(".")[0].rpartition(".")[2]
    return AXES.get(f"{family}.{function.__name__}") or AXES.get(function.__name__)


def _pair_axes(
    found: dict[str, Labelled], axes: dict[str, tuple[str, ...]], arguments: dict[str, Any]
) -> tuple[dict[str, Any], dict[str, tuple[str, Any]]]:
    """Arguments of several kinds of things: each axis takes its labels from the first argument that has it.

    Instruments and coins that have names are in the order of the contracts.
    """
    known: dict[str, tuple[str, Any]] = {}
    arrays = {}
    keys = _keys_of(arguments)
    for name, each in found.items():
        array, own = each.array, axes.get(name, ())
        dims = _kinds_of(each, own, known, axes.get("series", ()))
        for axis, (dim, index) in enumerate(zip(dims, each.labels, strict=False)):
            if index is None:
                continue
            if dim == "asset":
                array = dict(zip(list(index), array.tolist(), strict=True))
                break
            if dim in keys and all(isinstance(label, str) for label in index):
                # one argument may have the name of a contract, the other that of its underlying
                places = _places(name, list(index), *keys[dim])
                array = array.take(places, axis=axis)
                known.setdefault(dim, (name, index[places]))
            elif dim in known:
                array = _ordered(name, array, axis, index, *known[dim])
            else:
                known[dim] = (name, index)
        if dims == ("bar",) and own == ("bar", "path") and "path" in known:
            array = array[:, np.newaxis]
        arrays[name] = array
    return arrays, known


def _kinds_of(
    each: Labelled, own: tuple[str, ...], known: dict[str, tuple[str, Any]], series: tuple[str, ...]
) -> tuple[str, ...]:
    """What the axes of an argument are: of a series, the axis whose labels it has, or else the usual one."""
    if len(each.dims) == len(own):
        return own
    if len(each.dims) != 1 or not own:
        return ()
    fits = [dim for dim in own if dim in known and each.labels[0] is not None and _same(each.labels[0], known[dim][1])]
    return (fits[-1],) if fits else (next((dim for dim in own if dim in series), own[-1]),)


def _keys_of(arguments: dict[str, Any]) -> dict[str, tuple[list[tuple[str, ...]], str]]:
    """The names that instruments and coins go by, in the order in which functions want them."""
    contracts = arguments.get("contracts")
    if contracts is None:
        return {}
    terms = [_terms(contract) for contract in (contracts if isinstance(contracts, list | tuple) else [contracts])]
    names: list[tuple[str, ...]] = [(name, underlying) for name, underlying, _ in terms]
    keys = {"instrument": (names, "contracts")} if all(any(pair) for pair in names) else {}
    coins = arguments.get("coins")
    if coins is None and "rule" in arguments:
        # coins of a path are those of settlement, as they first occur
        coins = list(dict.fromkeys(settlement for _, _, settlement in terms))
    if coins is not None and all(isinstance(coin, str) and coin for coin in coins):
        keys["coin"] = ([(coin,) for coin in coins], "coins")
    return keys


def _terms(contract: Any) -> tuple[str, str, str]:
    """Name, underlying and settlement of a contract, or of a name of one."""
    if isinstance(contract, str):
        terms: dict[str, str] = next(iter(stored(contract).values()), {})
        return contract, terms.get("underlying", ""), terms.get("settlement", "")
    return getattr(contract, "name", ""), getattr(contract, "underlying", ""), getattr(contract, "settlement", "")


def _places(name: str, labels: list[str], keys: list[tuple[str, ...]], of: str) -> list[int]:
    """The place of each instrument or coin among labels."""
    places = {asset(label): place for place, label in enumerate(labels)}
    chosen = []
    for i, pair in enumerate(keys):
        place = next((places[asset(key)] for key in pair if key and asset(key) in places), None)
        if place is None:
            wanted = " or ".join(repr(key) for key in dict.fromkeys(pair) if key)
            raise ValueError(f"{name} has no label {wanted}, which {of}[{i}] has")
        chosen.append(place)
    superfluous = [label for place, label in enumerate(labels) if place not in chosen]
    if superfluous:
        raise ValueError(f"{name} has the label {superfluous[0]!r}, which is not one of {of}")
    return chosen


# ---------------------------------------------------------------------------------------------------------------
# Results


def _label(result: Any, frame: Frame) -> Any:
    if isinstance(result, Result):
        kept = BESIDE.union(type(result).HIDDEN)
        return result._make(
            value if name in kept else _label(value, frame) for name, value in zip(result._fields, result, strict=True)
        )
    if type(result) is tuple:
        return tuple(_label(value, frame) for value in result)
    if not isinstance(result, np.ndarray) and not hasattr(result, "dask"):
        return result
    return _labelled(result, frame)


def _label_axes(
    result: Any, axes: dict[str, tuple[str, ...]], known: dict[str, tuple[str, Any]], like: Labelled
) -> Any:
    """A result, or each of its fields, under the labels of its axes."""
    if isinstance(result, Result):
        fields = zip(result._fields, result, strict=True)
        return result._make(
            value
            if isinstance(value, Result)
            else _label_axes(value, {"return": axes.get(f"return.{field}", axes["return"])}, known, like)
            for field, value in fields
        )
    if not isinstance(result, np.ndarray) or result.ndim == 0:
        return result
    if like.library == "polars" and result.ndim == 1 and axes["return"]:
        # of polars the columns alone have labels
        return _polars(result, [None], None)
    for dims in (axes["return"], axes.get("return or", ())):
        # a single start, account or path has no axis
        dims = tuple(dim for dim in dims if dim in known)[: result.ndim] if len(dims) > result.ndim else dims
        labels = [known[dim][1] if dim in known else None for dim in dims]
        fits = all(index is None or len(index) == size for index, size in zip(labels, result.shape, strict=False))
        if fits and any(index is not None for index in labels) and result.ndim == len(dims):
            # an axis of xarray has the name that it had
            dims = tuple(getattr(index, "name", None) or dim for dim, index in zip(dims, labels, strict=True))
            frame = Frame(like, dims, tuple(labels), result.shape, None, None, False, [], False)
            return _wrapped(result, frame, dims, None)
    return result


def _labelled(array: Any, frame: Frame) -> Any:
    """An array under the labels that fit its shape; as it is where none do."""
    shape = np.shape(array)
    sizes = dict(zip(frame.dims, frame.sizes, strict=True))
    for dims in _candidates(frame):
        expected = tuple(sizes[dim] for dim in dims)
        if shape == expected:
            return _wrapped(array, frame, dims, None)
        if frame.names and shape == (*expected, len(frame.names)):
            return _wrapped(array, frame, (*dims, "rule"), None)
        if frame.steps and frame.lost in dims:
            axis = dims.index(frame.lost)
            if shape == (*expected[:axis], expected[axis] - 1, *expected[axis + 1 :]):
                return _wrapped(array, frame, dims, axis)
    if frame.names and shape == (sizes.get(ROWS), len(frame.names)):
        return _wrapped(array, frame, (ROWS, "rule"), None)
    if frame.lost == ROWS and len(shape) == 2 and shape[0] == sizes.get(ROWS) and frame.like.library == "pandas":
        # more paths than columns
        return sys.modules["pandas"].DataFrame(array, index=frame.labels[0])
    return array


def _candidates(frame: Frame) -> list[tuple[Any, ...]]:
    """Axes that a result may have: all, or all but the one that is summed over."""
    less = tuple(dim for dim in frame.dims if dim != frame.lost)
    if less == frame.dims:
        return [frame.dims]
    return [less] if frame.reduced else [frame.dims, less]


def _wrapped(array: Any, frame: Frame, dims: tuple[Any, ...], shortened: int | None) -> Any:
    library = frame.like.library
    labels: list[Any] = [dict(zip(frame.dims, frame.labels, strict=True)).get(dim) for dim in dims]
    if "rule" in dims:
        labels[-1] = frame.names
    if shortened is not None and labels[shortened] is not None:
        # of steps between two, the later
        labels[shortened] = labels[shortened][1:]
    if library == "xarray":
        coords = {dim: index for dim, index in zip(dims, labels, strict=True) if index is not None}
        return sys.modules["xarray"].DataArray(array, coords=coords, dims=dims, name=frame.title) if dims else array
    if library == "polars":
        return _polars(array, labels, frame.title)
    return _pandas(array, labels, frame.title)


def _pandas(array: Any, labels: list[Any], title: Any) -> Any:
    pandas = sys.modules["pandas"]
    if not labels:
        return array
    if len(labels) == 1:
        return pandas.Series(array, index=labels[0], name=title, copy=False)
    if len(labels) == 2:
        return pandas.DataFrame(array, index=labels[0], columns=labels[1], copy=False)
    columns = pandas.MultiIndex.from_product(labels[1:])
    return pandas.DataFrame(array.reshape(len(array), -1), index=labels[0], columns=columns)


def _polars(array: Any, labels: list[Any], title: Any) -> Any:
    polars = sys.modules["polars"]
    if len(labels) == 1:
        return polars.Series(title or "", array)
    if len(labels) == 2 and labels[1] is not None:
        return polars.DataFrame(array, schema=[str(label) for label in labels[1]])
    return array
