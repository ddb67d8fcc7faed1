"""Results: immutable, printed in five lines, put into frames, with their fields documented where help() shows them."""

import importlib
import inspect
import pickle
import pkgutil

import numpy as np
import pytest

import shortgamma as sg
from shortgamma._core.docs import expand
from shortgamma._core.results import LINES, WIDTH, Result

BUILDS = ("shortgamma._builds", "shortgamma.kernels")


def subclasses(kind):
    for child in kind.__subclasses__():
        yield child
        yield from subclasses(child)


def results():
    for module in pkgutil.walk_packages(sg.__path__, "shortgamma."):
        if not module.name.startswith(BUILDS) and not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    kinds = {kind for kind in subclasses(Result) if kind.__module__.startswith("shortgamma.")}
    # those of _core are the bases of others
    return sorted({kind for kind in kinds if not kind.__module__.startswith("shortgamma._core.")}, key=str)


RESULTS = results()
TIMES = np.datetime64("2020-01-01", "ns") + np.arange(5) * np.timedelta64(8, "h")


def made(kind, *shape):
    """A result of arrays of one shape, with what its own print and frame need."""
    value = np.arange(float(np.prod(shape))).reshape(shape) / 7.0 + 1.0
    special = {
        "time": TIMES,
        "stamp": TIMES,
        "interval": np.full(5, 8 * 3_600 * 10**9),
        "gaps": np.array([2]),
        "notes": (),
    }
    if kind in (sg.io.Prices, sg.io.FundingHistory):
        special |= {"venue": "Binance", "symbol": "BTCUSDT", "splits": (), "notes": ("one", "two", "three")}
        if kind is sg.io.Prices:
            special["stamp"] = "open"
    else:
        special = {}
    return kind._make([special.get(name, value) for name in kind._fields])


def test_there_are_some_and_their_names_are_unique():
    names = [kind.__name__ for kind in RESULTS]
    assert len(names) > 20
    assert sorted(set(names)) == sorted(names)


def test_every_public_tuple_is_a_result():
    inputs = {"Fills", "Transfers", "Split"}
    for family in (getattr(sg, name) for name in sg.__all__):
        for name in getattr(family, "__all__", ()) if inspect.ismodule(family) else ():
            kind = getattr(family, name)
            if isinstance(kind, type) and issubclass(kind, tuple) and name not in inputs:
                assert issubclass(kind, Result), name


@pytest.mark.parametrize("kind", RESULTS, ids=lambda kind: kind.__name__)
class TestEvery:
    @pytest.mark.parametrize("shape", [(), (5,), (5, 3)], ids=str)
    def test_prints_in_five_lines(self, kind, shape):
        if kind in (sg.io.Prices, sg.io.FundingHistory) and shape != (5,):
            pytest.skip("of one dimension")
        lines = repr(made(kind, *shape)).splitlines()
        assert len(lines) <= LINES
        assert max(map(len, lines)) <= WIDTH
        assert lines[0].startswith(kind.__name__)

    @pytest.mark.parametrize("shape", [(), (5,), (5, 3), (5, 3, 2)], ids=str)
    def test_frames(self, kind, shape):
        pd = pytest.importorskip("pandas")
        if kind in (sg.io.Prices, sg.io.FundingHistory) and shape != (5,):
            pytest.skip("of one dimension")
        result = made(kind, *shape)
        frame = result.to_frame()
        assert isinstance(frame, pd.DataFrame)
        assert len(frame) == (5 if shape else 1)
        shown = [name for name in kind._fields if name not in kind.HIDDEN]
        if kind in (sg.io.Prices, sg.io.FundingHistory):
            assert frame.index.name == "time"
            return
        columns = int(np.prod(shape[1:]))
        assert frame.shape[1] == columns * len(shown)
        for name in shown:
            np.testing.assert_array_equal(
                frame[name].to_numpy().reshape(-1), np.asarray(getattr(result, name)).reshape(-1)
            )

    def test_is_immutable_and_a_tuple(self, kind):
        result = made(kind, 5)
        for name in (kind._fields[0], "nonsense"):
            with pytest.raises(AttributeError, match="immutable"):
                setattr(result, name, 1.0)
            with pytest.raises(AttributeError, match="immutable"):
                delattr(result, name)
        assert len(tuple(result)) == len(kind._fields)
        assert not set(result._asdict()) & set(kind.HIDDEN)
        assert set(result._asdict()) | set(kind.HIDDEN) == set(kind._fields)

    def test_pickles(self, kind):
        result = made(kind, 5)
        again = pickle.loads(pickle.dumps(result))
        assert type(again) is kind
        for before, after in zip(result, again, strict=True):
            np.testing.assert_array_equal(after, before)

    def test_documents_its_fields(self, kind):
        text = inspect.cleandoc(expand(kind.__doc__))
        assert "\nAttributes\n" in text
        documented = text[text.index("\nAttributes\n") :]
        for name in kind._fields:
            assert any(name in line.split(" : ")[0].split(", ") for line in documented.splitlines() if " : " in line), (
                f"{name} is not documented"
            )


def test_fields_of_a_base_come_first():
    class Base(Result):
        price: float
        delta: float = 0.5

    class Longer(Base):
        gamma: float = 0.1

    assert Base._fields == ("price", "delta")
    assert Longer._fields == ("price", "delta", "gamma")
    assert Longer(2.0)._asdict() == {"price": 2.0, "delta": 0.5, "gamma": 0.1}
    assert Longer(2.0, gamma=3.0)._replace(delta=1.0) == (2.0, 1.0, 3.0)
    assert Longer(2.0).gamma == 0.1
    assert Base(2.0) == (2.0, 0.5)


class Trade(Result):
    """A trade.

    Attributes
    ----------
    price, quantity : ndarray
        Of each.
    note : str, optional
        A word.
    rest : ndarray, optional
        Of another length.
    """

    price: object
    quantity: object = None
    note: object = None
    rest: object = None
    state: object = None

    HIDDEN = ("state",)


def test_numbers_are_one_line():
    assert repr(Trade(100.0, -2, "sold", state=[1, 2])) == "Trade(price=100, quantity=-2, note='sold')"
    assert Trade(100.0, -2)._asdict() == {"price": 100.0, "quantity": -2}


def test_a_frame_of_lengths_that_differ():
    pd = pytest.importorskip("pandas")
    frame = Trade(np.arange(3.0), np.ones((3, 2)), "sold", np.arange(2)).to_frame()
    assert frame.columns.tolist() == [("price", ""), ("quantity", 0), ("quantity", 1)]
    assert frame.attrs == {"note": "sold", "rest": [0, 1]}
    pd.testing.assert_frame_equal(pd.concat([frame, frame]).iloc[:3], frame)


def test_a_frame_keeps_labels():
    pd = pytest.importorskip("pandas")
    price = pd.Series([1.0, 2.0], index=["a", "b"])
    frame = Trade(price, pd.DataFrame({"x": [1, 2], "y": [3, 4]}, index=["a", "b"])).to_frame()
    assert frame.index.tolist() == ["a", "b"]
    assert frame.columns.tolist() == [("price", ""), ("quantity", "x"), ("quantity", "y")]


def test_real_ones():
    greeks = sg.barrier.greeks(
        100.0, 100.0, 90.0, vol=0.3, expiry=np.linspace(0.1, 1.0, 4), kind="down-in", option="put"
    )
    assert repr(greeks).startswith("BarrierGreeks of shape (4,)\n  price ")
    assert greeks.to_frame().shape == (4, 7)
    rule = sg.leverage.TokenRule(3.0, upper=4.0)
    path = sg.leverage.simulate([100.0, 80.0, 88.0], rule)
    assert repr(path) == "NavPath of shape (3,)\n  nav 1 ... 0.64667"
    assert path.to_frame().columns.tolist() == ["nav"]
    assert "values" not in repr(path.state)


@pytest.mark.parametrize("kind", ["FundingAccrual", "LeverageNav"])
def test_streams_print_what_they_are(kind):
    stream = {
        "FundingAccrual": lambda: sg.stream.FundingAccrual(sg.venues.bitmex.contract("XBTUSD")),
        "LeverageNav": lambda: sg.stream.LeverageNav(3.0, cost=0.001),
    }[kind]()
    assert repr(stream).startswith(f"{kind}(")
    assert "yet" in repr(stream)
    stream.update(*([-8_000.0, 8_000.0, 1e-4] if kind == "FundingAccrual" else [100.0]))
    assert "value=" in repr(stream)
    assert "object at" not in repr(stream)
