"""Calls of everything public with arguments that nobody should pass.

The calls begin as those of the docstrings' own examples, so whatever is public and has an example is tried without a
table of arguments. One or two arguments of each are then replaced by hostile numbers, shapes, layouts and types.

``python tests/hostile.py --seconds 600`` goes on for ten minutes; ``--seed`` begins elsewhere; ``--only`` names one.
What fails is printed with the seed and the number of the call, from which it is made again.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import copy
import doctest
import inspect
import io
import pickle
import re
import signal
import sys
import time
import traceback
import warnings
import zlib
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

import shortgamma as sg

PARSER = doctest.DocTestParser()
# After how long a call is interrupted, and how long that may take.
SECONDS, PATIENCE = 2.0, 1.0

NUMBERS = [
    np.nan,
    np.inf,
    -np.inf,
    0.0,
    -0.0,
    -1.0,
    1.0,
    0.5,
    5e-324,
    -5e-324,
    2.2e-308,
    1e-300,
    1e-16,
    1e300,
    -1e300,
    1.7e308,
    -1.7e308,
    1e15,
    2.0**53 + 2.0,
    1e9,
    1e-9,
]
SCALARS: list[Any] = [
    None,
    True,
    False,
    0,
    -1,
    2,
    2**31,
    2**63 - 1,
    2**63,
    -(2**63) - 1,
    2**64,
    10**400,
    1j,
    "",
    "nonsense",
    "nan",
    "1.5",
    "a\0b",
    "\u202e\x1b[31m",
    b"bytes",
    (),
    [],
    {},
    set(),
    {"a": 1.0},
    [[1.0], [1.0, 2.0]],
    object(),
    slice(None),
    Ellipsis,
    np.datetime64("2020-01-01"),
    np.datetime64("NaT"),
    np.timedelta64(8, "h"),
    np.timedelta64(2**62, "s"),
    np.float32(1.5),
    np.float16(2.0),
    np.int8(-1),
    np.uint64(2**64 - 1),
    np.array(1.5),
    np.array([]),
    np.empty((0, 3)),
    np.empty((3, 0)),
    np.zeros((2, 3, 4)),
    np.array([1.0, "x"], dtype=object),
    np.array([None, 1.0]),
    np.array(["a", "b"]),
    np.array([1 + 1j]),
    np.array([True, False]),
    np.array([2**63], dtype=np.uint64),
    np.array(["2020-01-01", "NaT"], dtype="M8[ns]"),
    np.array([1, 2], dtype="m8[h]"),
    np.zeros(2, dtype=[("a", "f8"), ("b", "i4")]),
    int,
    np.add,
    np.random.default_rng(0),
]


class Call(NamedTuple):
    """A call of something public: its name, what to call, and with what."""

    name: str
    target: Callable[..., Any]
    args: list[Any]
    given: dict[str, Any]

    def text(self) -> str:
        arguments = [repr(value) for value in self.args] + [f"{name}={value!r}" for name, value in self.given.items()]
        return f"{self.name}({', '.join(arguments)})"


def public() -> Iterator[tuple[str, Any]]:
    """Every public function and class, by its dotted name."""
    for family in sg.__all__:
        module = getattr(sg, family)
        if not inspect.ismodule(module):
            continue
        for name in getattr(module, "__all__", ()):
            value = getattr(module, name)
            if callable(value):
                yield f"{family}.{name}", value


def called(source: str, names: dict[str, Any]) -> Iterator[tuple[Any, list[Any], dict[str, Any]]]:
    """The calls in a line of an example, with what they are called with at that place."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue

        def value_of(expression: ast.expr) -> Any:
            return eval(compile(ast.Expression(expression), "<example>", "eval"), names)

        with contextlib.suppress(Exception):
            args: list[Any] = []
            for value in node.args:
                args.extend(value_of(value.value) if isinstance(value, ast.Starred) else [value_of(value)])
            given: dict[str, Any] = {}
            for keyword in node.keywords:
                given |= value_of(keyword.value) if keyword.arg is None else {keyword.arg: value_of(keyword.value)}
            yield value_of(node.func), args, given


def calls(name: str, target: Any) -> list[Call]:
    """What the example of a function or class calls it with, and the methods of what it makes."""
    # as doctest does: the names of its module are known to an example
    names = dict(vars(sys.modules.get(getattr(target, "__module__", None) or "shortgamma", sg)))
    found = []
    for example in PARSER.get_examples(inspect.getdoc(target) or ""):
        for function, args, given in called(example.source, names):
            owner = getattr(function, "__self__", None)
            if function is target:
                found.append(Call(name, target, args, given))
            elif isinstance(target, type) and isinstance(owner, target):
                found.append(Call(f"{name}().{function.__name__}", function, args, given))
        with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            exec(compile(example.source, "<example>", "single"), names)
    return found


def layouts(array: np.ndarray, random: np.random.Generator) -> Any:
    """The same numbers in another form, or some of them."""
    match random.integers(14):
        case 0:
            return array[:0]
        case 1:
            return array[:-1]
        case 2:
            return array[::-1]
        case 3:
            return array[..., None]
        case 4:
            return np.repeat(array, 2, axis=0)[::2] if array.ndim else array
        case 5:
            packed = np.zeros(array.shape, dtype=[("pad", "i1"), ("value", array.dtype)])
            packed["value"] = array
            return packed["value"]
        case 6:
            return array.astype(array.dtype.newbyteorder(">"))
        case 7:
            return np.asfortranarray(array)
        case 8:
            fixed = array.copy()
            fixed.flags.writeable = False
            return fixed
        case 9:
            return np.ma.masked_array(array, random.random(array.shape) < 0.5)
        case 10:
            return array.astype(object)
        case 11:
            return array.tolist()
        case 12:
            return np.broadcast_to(array, (3, *array.shape))
        case _:
            return array.T


def frames(array: np.ndarray, random: np.random.Generator) -> Any:
    """The same numbers as a Series or a DataFrame, of which some labels repeat or are missing."""
    pandas = sys.modules.get("pandas")
    if pandas is None or array.ndim not in (1, 2):
        return array
    labels = random.integers(0, 2 * len(array) + 1, len(array))
    made = pandas.Series(array, index=labels) if array.ndim == 1 else pandas.DataFrame(array, index=labels)
    return made.iloc[::-1] if random.random() < 0.5 else made


def spoilt(value: Any, random: np.random.Generator) -> Any:
    """Something hostile in the place of an argument."""
    draw = random.random()
    if draw < 0.25:
        return SCALARS[random.integers(len(SCALARS))]
    try:
        array = np.array(value)
    except ValueError:
        return SCALARS[random.integers(len(SCALARS))]
    if array.dtype.kind not in "fiu":
        return layouts(array, random) if array.ndim and draw < 0.6 else SCALARS[random.integers(len(SCALARS))]
    if draw < 0.5:
        return NUMBERS[random.integers(len(NUMBERS))]
    if not array.ndim:
        return random.choice(NUMBERS, random.integers(0, 5))
    if draw < 0.65:
        return random.choice(NUMBERS, array.shape)
    if draw < 0.8 and array.size:
        array = array.astype(float)
        array.flat[random.integers(array.size)] = NUMBERS[random.integers(len(NUMBERS))]
        return array
    return frames(array, random) if draw < 0.88 else layouts(array, random)


def hostile(call: Call, random: np.random.Generator) -> Call:
    """The call with one or two of its arguments spoilt; sometimes one is left out, or two change places."""
    args, given = list(call.args), dict(call.given)
    target = call.target
    owner = getattr(target, "__self__", None)
    if owner is not None and not inspect.ismodule(owner):
        with contextlib.suppress(TypeError, pickle.PicklingError):
            target = getattr(copy.deepcopy(owner), target.__name__)
    places: list[Any] = [*range(len(args)), *given]
    for _ in range(random.integers(1, 3)):
        if not places:
            break
        place = places[random.integers(len(places))]
        store: Any = args if isinstance(place, int) else given
        draw = random.random()
        if draw < 0.04 and isinstance(place, str):
            given.pop(place, None)
        elif draw < 0.08:
            swapped = places[random.integers(len(places))]
            other: Any = args if isinstance(swapped, int) else given
            if swapped in given or isinstance(swapped, int):
                store[place], other[swapped] = other[swapped], store.get(place) if store is given else store[place]
        else:
            store[place] = spoilt(store[place] if isinstance(place, int) else given.get(place), random)
    return Call(call.name, target, args, given)


def allowed(target: Any) -> tuple[type[BaseException], ...]:
    """ValueError, TypeError, and what the docstring says that it raises."""
    section = re.search(r"\nRaises\n-+\n(.*?)(\n\n\w|\Z)", inspect.getdoc(target) or "", re.S)
    names = re.findall(r"^(\w+)$", section[1], re.M) if section else []
    builtins = vars(__import__("builtins"))
    documented = tuple(builtins[name] for name in names if name in builtins)
    return (ValueError, TypeError, *documented)


def names_an_argument(target: Any, error: Exception) -> bool:
    """Whether an error says which argument it is about; those of readers say which file, row and column."""
    message = str(error)
    if type(error).__module__.startswith("shortgamma") or re.match(r"[a-z]\w*(\[.*?\])* (must|has|of)\b", message):
        return True
    try:
        names = list(inspect.signature(target).parameters)
    except ValueError:
        return True
    # Python's own words for a call that does not fit a signature name what is missing or unknown
    return any(re.search(rf"\b{name}\b", message) for name in names) or "argument" in message


def frozen(value: Any) -> Any:
    """What arguments hold, to be compared with what they hold later; None of those that cannot be pickled."""
    if isinstance(value, list | tuple):
        return [frozen(each) for each in value]
    if isinstance(value, dict):
        return [(key, frozen(each)) for key, each in value.items()]
    if isinstance(value, io.TextIOBase):
        return None
    # objects of ours remember what they have worked out, and say all else when they are printed
    if type(value).__module__.startswith("shortgamma"):
        return repr(value)
    if isinstance(value, np.ma.MaskedArray):
        return frozen(value.data), np.ma.getmaskarray(value).tobytes()
    if isinstance(value, np.ndarray) and value.dtype.kind != "O":
        return value.dtype, value.shape, value.strides, value.tobytes()
    try:
        return pickle.dumps(value)
    except Exception:  # what objects raise when they are pickled is theirs to say
        return None


class TooLong(BaseException):
    pass


def alarm(*_: Any) -> None:
    raise TooLong


def fault(call: Call, documented: tuple[type[BaseException], ...]) -> str | None:
    """What is wrong with the answer to a call, or None."""
    inputs = call.args, {name: value for name, value in call.given.items() if name != "out"}
    before = frozen(inputs)
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    start = time.monotonic()
    wrong = None
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            call.target(*call.args, **call.given)
    except (ValueError, TypeError) as error:
        # what cannot be drawn is refused by matplotlib, in its own words
        if not call.name.startswith("plot.") and not names_an_argument(call.target, error):
            wrong = f"names no argument: {type(error).__name__}: {str(error)[:200]}"
    except documented:
        pass
    except TooLong:
        # a long run that was asked for is no fault where it can be interrupted
        late = time.monotonic() - start
        wrong = f"goes on for {late:.1f} s after a signal" if late > SECONDS + PATIENCE else None
    except Exception as error:
        place = traceback.extract_tb(error.__traceback__)[-1]
        wrong = f"{type(error).__name__}: {str(error)[:200]} ({place.name}, line {place.lineno})"
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
    if frozen(inputs) != before:
        wrong = "an argument was changed"
    return wrong


def faults(name: str, target: Any, seed: int, count: int) -> Iterator[str]:
    """Faults among so many hostile calls of one function."""
    examples = calls(name, target)
    documented = allowed(target)
    handler = signal.signal(signal.SIGALRM, alarm)
    try:
        for number in range(count if examples else 0):
            random = np.random.default_rng([zlib.crc32(name.encode()), seed, number])
            call = hostile(examples[random.integers(len(examples))], random)
            with warnings.catch_warnings(), np.errstate(all="ignore"):
                warnings.simplefilter("ignore")
                wrong = fault(call, documented)
            if pyplot := sys.modules.get("matplotlib.pyplot"):
                pyplot.close("all")
            if wrong:
                yield f"seed {seed}, call {number}: {wrong}\n    {call.text()[:400]}"
    finally:
        signal.signal(signal.SIGALRM, handler)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--count", type=int, default=100, help="calls of each function in a round")
    parser.add_argument("--only", default="")
    options = parser.parse_args()
    with contextlib.suppress(ImportError):
        __import__("pandas")
    end, seed, total, bad = time.monotonic() + options.seconds, options.seed, 0, 0
    chosen = [(name, target) for name, target in public() if options.only in name]
    print(f"{len(chosen)} functions and classes, {sum(not calls(*each) for each in chosen)} without an example")
    while time.monotonic() < end:
        for name, target in chosen:
            if time.monotonic() > end:
                break
            for wrong in faults(name, target, seed, options.count):
                bad += 1
                print(f"{name}: {wrong}", flush=True)
            total += options.count
        seed += 1
    print(f"{total} calls, {bad} faults")
    return bool(bad)


if __name__ == "__main__":
    raise SystemExit(main())
