"""Times and durations: one parser, and every function that takes either goes through it."""

import datetime as dt
import inspect

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import shortgamma as sg
from shortgamma._core.times import ascending, duration, moment, nominal, of_texts, shown, times

NS = np.array(["2024-01-01T00", "2024-01-01T08", "2024-01-01T16", "2024-01-02T00"], dtype="datetime64[ns]")
STAMP = NS.view(np.int64)
TOKYO = dt.timezone(dt.timedelta(hours=9))
LINEAR = sg.contracts.Contract("linear")
RULE = sg.leverage.TokenRule(3.0, at="07:00", expense=0.365)


def moments():
    return [dt.datetime(2024, 1, 1) + dt.timedelta(hours=8 * i) for i in range(4)]


FORMS = {
    "datetime64[h]": lambda: NS.astype("datetime64[h]"),
    "datetime64[us]": lambda: NS.astype("datetime64[us]"),
    "datetime64[ns], strided": lambda: np.repeat(NS, 2)[::2],
    "datetime64[ns], big-endian": lambda: NS.astype(">M8[ns]"),
    "seconds": lambda: STAMP // 10**9,
    "milliseconds": lambda: STAMP // 10**6,
    "microseconds": lambda: STAMP // 10**3,
    "nanoseconds": lambda: STAMP,
    "unsigned milliseconds": lambda: (STAMP // 10**6).astype(np.uint64),
    "a unit each": lambda: [int(STAMP[0]), int(STAMP[1]) // 10**3, int(STAMP[2]) // 10**6, int(STAMP[3]) // 10**9],
    "seconds as floats": lambda: STAMP / 1e9,
    "milliseconds as floats": lambda: STAMP / 1e6,
    "milliseconds as text": lambda: [str(stamp) for stamp in STAMP // 10**6],
    "fractions of seconds as text": lambda: [f"{stamp}.000" for stamp in STAMP // 10**9],
    "datetimes": moments,
    "datetimes of a zone": lambda: [moment.replace(tzinfo=dt.UTC).astimezone(TOKYO) for moment in moments()],
    "dates and others": lambda: [dt.date(2024, 1, 1), moments()[1], "2024-01-01 16:00", np.datetime64("2024-01-02")],
    "ISO text": lambda: ["2024-01-01", "2024-01-01T08", "2024-01-01 16:00", "2024-01-02T00:00:00.000"],
    "text with Z": lambda: [f"{str(time)[:19]}Z" for time in NS],
    "text with UTC": lambda: [f"{str(time)[:19]} UTC" for time in NS],
    "text with offsets": lambda: [
        "2024-01-01T09:00+09:00", "2024-01-01T03:00:00-0500", "2024-01-01T18:00+02", "2024-01-02 00:00+00:00",
    ],
    "text with slashes": lambda: ["2024/01/01", "2024/01/01 08:00", "2024/01/01 16:00:00", "2024/01/02"],
    "text as an array": lambda: np.array([f"{time}"[:16] for time in NS], dtype=np.dtypes.StringDType()),
    "pandas index": lambda: pandas().DatetimeIndex(NS),
    "pandas index in seconds": lambda: pandas().DatetimeIndex(NS).as_unit("s"),
    "pandas index of a zone": lambda: pandas().DatetimeIndex(NS, tz="UTC").tz_convert("America/New_York"),
    "pandas series of a zone": lambda: pandas().Series(NS).dt.tz_localize("UTC").dt.tz_convert("Asia/Tokyo"),
    "pandas series of text": lambda: pandas().Series([str(time) for time in NS]),
    "pandas series of milliseconds": lambda: pandas().Series(STAMP // 10**6, dtype="Int64"),
    "pandas timestamps": lambda: list(pandas().DatetimeIndex(NS, tz="UTC")),
    "pandas periods": lambda: pandas().PeriodIndex(NS, freq="h"),
    "pandas series of periods": lambda: pandas().Series(pandas().PeriodIndex(NS, freq="h")),
    "polars": lambda: pytest.importorskip("polars").Series(NS),
    "polars of a zone": lambda: pytest.importorskip("polars").Series(NS).dt.replace_time_zone("UTC"),
    "polars text": lambda: pytest.importorskip("polars").Series([str(time)[:19] for time in NS]),
    "xarray": lambda: pytest.importorskip("xarray").DataArray(NS),
}  # fmt: skip


def pandas():
    return pytest.importorskip("pandas")


@pytest.mark.parametrize("form", FORMS)
def test_forms(form):
    result = times("time", FORMS[form]())
    assert result.dtype == np.int64
    np.testing.assert_array_equal(result, STAMP, strict=True)


# Every public function that takes times: parameter, and a call whose result depends on them.
TAKES = {
    ("funding.accrue_events", "funding_time"): lambda t: sg.funding.accrue_events(
        NS[:2], [1.0, 2.0], t, [1.0, 2.0, 3.0, 4.0], 0.1, contract=LINEAR
    ),
    ("funding.accrue_events", "fill_time"): lambda t: sg.funding.accrue_events(
        t, [1.0, 2.0, 3.0, 4.0], NS, [1.0, 2.0, 3.0, 4.0], 0.1, contract=LINEAR, when="after"
    ),
    ("funding.accrue_continuous", "time"): lambda t: sg.funding.accrue_continuous(
        NS[:1], [1.0], t, [1.0, 2.0, 3.0, 4.0], 0.1, contract=LINEAR
    ),
    ("funding.accrue_continuous", "fill_time"): lambda t: sg.funding.accrue_continuous(
        t, [1.0, 2.0, 3.0, 4.0], NS, 5.0, 0.1, contract=LINEAR
    ),
    ("funding.position_at", "time"): lambda t: sg.funding.position_at(NS[1:3], [1.0, 2.0], t),
    ("funding.position_at", "fill_time"): lambda t: sg.funding.position_at(t, [1.0, 2.0, 3.0, 4.0], NS),
    ("funding.funding_index", "time"): lambda t: sg.funding.between(
        sg.funding.funding_index(0.1, [1.0, 2.0, 3.0, 4.0], LINEAR, time=t), NS[0], NS[2]
    ),
    ("funding.between", "t0"): lambda t: sg.funding.between(
        sg.funding.funding_index(0.1, [1.0, 2.0, 3.0, 4.0], LINEAR, time=NS), t, NS[3]
    ),
    ("funding.between", "t1"): lambda t: sg.funding.between(
        sg.funding.funding_index(0.1, [1.0, 2.0, 3.0, 4.0], LINEAR, time=NS), NS[0], t
    ),
    ("funding.average_premium", "time"): lambda t: sg.funding.average_premium(
        [0.1, 0.2, 0.3, 0.5], weighting="time", time=t, end=NS[3] + np.timedelta64(1, "h")
    ),
    ("funding.average_premium", "end"): lambda t: sg.funding.average_premium(
        [0.1, 0.2], weighting="time", time=NS[:2], end=t[3]
    ),
    ("leverage.simulate", "time"): lambda t: (
        sg.leverage.simulate([100.0, 101.0, 99.0, 103.0], RULE, time=t, stamp="close").nav
    ),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("case", TAKES, ids=".".join)
def test_every_function_takes_every_form(case, form):
    given = FORMS[form]()
    if case[1] == "end" and not hasattr(given, "__getitem__"):
        given = list(given)
    if hasattr(given, "iloc"):
        given = given if case[1] != "end" else list(given)
    np.testing.assert_array_equal(np.asarray(TAKES[case](given)), np.asarray(TAKES[case](NS)))


NAMES = {"time", "fill_time", "funding_time", "t0", "t1", "end", "funding_end"}


def test_no_function_takes_times_unseen():
    families = [getattr(sg, name) for name in sg.__all__ if inspect.ismodule(getattr(sg, name))]
    for family in families:
        for name in getattr(family, "__all__", ()):
            function = getattr(family, name)
            if not inspect.isfunction(function):
                continue
            short = f"{family.__name__.removeprefix('shortgamma.')}.{name}"
            for parameter in NAMES & set(inspect.signature(function).parameters):
                assert (short, parameter) in TAKES, f"{short} takes {parameter}: give it a case"


def test_numbers_of_exchanges():
    """Milliseconds are milliseconds: a yearly fee of 10 % takes 9.1e-5 in 8 hours."""
    rule = sg.leverage.TokenRule(1.0, every=1, expense=0.1)
    stamps = [1704067200000 + 28_800_000 * i for i in range(4)]
    nav = sg.leverage.simulate([100.0] * 4, rule, time=stamps).nav
    np.testing.assert_allclose(nav, (1 - 0.1 / 1095) ** np.arange(4), rtol=1e-14)


WRONG = {
    "now": "write datetime64",
    "today": "write datetime64",
    "2020": "a year is no time: write '2020-01-01'",
    "20200101": "write '2020-01-01'",
    20200101: "write '2020-01-01'",
    2020: "a year is no time",
    43831: "serial number of a spreadsheet",
    43831.25: "serial number of a spreadsheet",
    "43831": "serial number of a spreadsheet",
    "NaT": "write datetime64",
    "": "write datetime64",
    "2020-01": "write datetime64",
    "2020-13-01": "not in the calendar",
    "2023-02-29": "not in the calendar",
    "2020-01-01T24:30": "not in the calendar",
    "01/02/2020": "day or month first is ambiguous: write YYYY-MM-DD",
    "2300-01-01": "between the years 1677 and 2262",
    "1600-01-01": "between the years 1677 and 2262",
    "٢٠٢٠-٠١-٠١": "write datetime64",
    "1_577_836_800": "write datetime64",
    0: "between 1990 and 2100",
    -1577836800: "between 1990 and 2100",
    2**64 - 1: "between 1990 and 2100",
    10**30: "between 1990 and 2100",
    1e300: "between 1990 and 2100",
    float("nan"): "between 1990 and 2100",
    float("inf"): "between 1990 and 2100",
    np.datetime64("NaT"): "got NaT",
    np.datetime64("2300-01-01"): "between the years 1677 and 2262",
    dt.datetime(2300, 1, 1): "between the years 1677 and 2262",
    dt.datetime(1, 1, 1, tzinfo=dt.UTC): "between the years 1677 and 2262",
    dt.time(3): "write datetime64",
    dt.timedelta(3): "write datetime64",
    None: "got None",
}


@pytest.mark.parametrize("value", WRONG, ids=repr)
def test_what_is_no_time(value):
    with pytest.raises(ValueError, match=r"^start must be .*" + WRONG[value].replace("(", "\\(")) as caught:
        moment("start", value)
    assert len(str(caught.value)) < 300
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("value", [v for v in WRONG if isinstance(v, str)], ids=repr)
def test_the_first_bad_cell_is_named(value):
    cells = ["2024-01-01", "1704067200", value, "now"]
    with pytest.raises(ValueError, match=r"^start\[2\] must be "):
        times("start", cells)
    assert of_texts(cells)[1] == 2
    with pytest.raises(ValueError, match=r"^start\[1, 0\] must be "):
        times("start", np.array([["2024-01-01", "1704067200"], [value, "now"]]))


@pytest.mark.parametrize("value", [True, [True, False], 1j, b"2020-01-01", np.float32(1.6e9), np.timedelta64(1, "D")])
def test_what_holds_no_times(value):
    with pytest.raises(TypeError, match=r"^start must be times, got "):
        times("start", value)


def test_masked_and_missing():
    with pytest.raises(ValueError, match=r"^start\[1\] must be a time, got masked"):
        times("start", np.ma.array(NS, mask=[0, 1, 0, 0]))
    np.testing.assert_array_equal(times("start", np.ma.array(NS)), STAMP)
    with pytest.raises(ValueError, match=r"^start\[1\] must be a time, got NaT"):
        times("start", [dt.datetime(2024, 1, 1), pandas().NaT])
    with pytest.raises(ValueError, match="ragged"):
        times("start", [["2024-01-01"], ["2024-01-01", "2024-01-02"]])


@given(st.datetimes(dt.datetime(1990, 1, 1), dt.datetime(2099, 12, 31)))
def test_one_time_in_all_forms(moment_):
    exact = np.datetime64(moment_, "us").astype("datetime64[ns]").astype(np.int64)
    whole = exact // 10**9 * 10**9
    assert moment("t", moment_) == moment("t", moment_.isoformat()) == exact
    assert moment("t", moment_.replace(tzinfo=TOKYO)) == exact - 9 * 3_600 * 10**9
    assert moment("t", int(exact)) == moment("t", int(exact) // 1000) == moment("t", str(exact // 1000)) == exact
    assert moment("t", int(whole) // 10**9) == moment("t", whole / 1e9) == moment("t", f"{whole // 10**9}") == whole
    # a double keeps a time of today to a microsecond
    assert abs(moment("t", exact / 1e9) - exact) <= 1000
    assert np.datetime64(shown(exact)) == np.datetime64(int(exact), "ns")


@pytest.mark.parametrize("year", [1990, 2099])
def test_units_do_not_overlap(year):
    for unit in ("s", "ms", "us", "ns"):
        edge = np.datetime64(f"{year}-01-01").astype(f"datetime64[{unit}]")
        assert moment("t", int(edge.astype(np.int64))) == edge.astype("datetime64[ns]").astype(np.int64)


class TestDurations:
    @pytest.mark.parametrize(
        "value",
        ["8h", "8 hours", "480min", "28800s", "28800000ms", "0.5d", dt.timedelta(hours=8), np.timedelta64(8, "h")],
    )
    def test_forms(self, value):
        hours = 12 if value == "0.5d" else 8
        assert duration("interval", value) == hours * 3_600 * 10**9
        assert sg.funding.annualize(0.0001, value) == pytest.approx(0.876 / hours, rel=1e-15)

    def test_pandas(self):
        assert duration("interval", pandas().Timedelta("8h")) == 8 * 3_600 * 10**9

    @pytest.mark.parametrize("value", [8, 8.0, 28_800 * 10**9, np.int64(8), True, None, [np.timedelta64(1, "h")]])
    def test_numbers_have_no_unit(self, value):
        with pytest.raises(TypeError, match=r"^interval must be a length of time"):
            duration("interval", value)
        with pytest.raises(TypeError, match=r"^interval must be a length of time"):
            sg.funding.annualize(0.0001, value)

    @pytest.mark.parametrize(
        ("value", "reason"),
        [
            ("8m", "write 'min' for minutes"),
            ("8M", "write 'min' for minutes"),
            ("8", "write '8h'"),
            ("-8h", "write '8h'"),
            ("0h", "> 0"),
            (np.timedelta64(-1, "h"), "> 0"),
            (np.timedelta64("NaT"), "got NaT"),
            (np.timedelta64(1, "M"), "write days"),
            (np.timedelta64(427008, "D"), "less than 292 years"),
            (np.timedelta64(5, "as"), "at least 1 ns"),
            ("999999999999999h", "less than 292 years"),
        ],
    )
    def test_what_is_none(self, value, reason):
        with pytest.raises(ValueError, match=rf"^interval must be .*{reason}"):
            duration("interval", value)


class TestNominal:
    MINUTE = 60 * 10**9

    def test_stamps_beside_a_minute(self):
        jitter = np.array([7_000_000, -3_000_000, 5 * 10**9, 5 * 10**9 + 1])
        np.testing.assert_array_equal(nominal(STAMP + jitter), [*STAMP[:3], STAMP[3] + 5 * 10**9 + 1])

    def test_what_is_no_schedule(self):
        clock = STAMP[0] + np.arange(100) * 10 * 10**9 + 3 * 10**9
        np.testing.assert_array_equal(nominal(clock), clock)

    @given(
        st.lists(st.integers(-7 * 10**9, 7 * 10**9), min_size=1, max_size=8),
        st.lists(st.tuples(st.integers(0, 8), st.integers(-12, 12)), max_size=30),
        st.sampled_from(["before", "after"]),
    )
    def test_payments_are_joined_at_the_time_when_they_were_due(self, jitter, fills, when):
        stamp = STAMP[0] + np.arange(len(jitter)) * 3 * self.MINUTE + jitter
        due = nominal(stamp)
        last = min(stamp[-1], due[-1])
        fill = np.sort([STAMP[0] + i * 3 * self.MINUTE + second * 10**9 for i, second in fills] or [STAMP[0]])
        fill = fill[fill <= last]
        quantity = np.arange(1.0, len(fill) + 1)
        held = np.concatenate([[0.0], np.cumsum(quantity)])
        position = held[np.searchsorted(fill, due, side="right" if when == "before" else "left")]
        cash = sg.funding.accrue_events(fill, quantity, stamp, 2.0, 0.25, contract=LINEAR, when=when)
        np.testing.assert_array_equal(cash, -position * 2.0 * 0.25)

    def test_closed_at_eight(self):
        fills = ["2024-01-01T03:00", "2024-01-01T08:00"]
        payments = [1704067200004, 1704096000007]
        pay = {
            when: sg.funding.accrue_events(
                fills, [2.0, -2.0], payments, 100.0, 0.01, contract=LINEAR, when=when
            ).tolist()
            for when in ("before", "after")
        }
        assert pay == {"before": [0.0, 0.0], "after": [0.0, -2.0]}
        index = sg.funding.funding_index(0.01, [100.0, 100.0], LINEAR, time=payments)
        assert float(sg.funding.between(index, *fills)) == -1.0


def test_order():
    with pytest.raises(
        ValueError, match=r"time\[2\] must be later than time\[1\], got 2024-01-01 after 2024-01-01T16:00"
    ):
        ascending("time", STAMP[[0, 2, 0]])
    with pytest.raises(ValueError, match="one dimension"):
        ascending("time", STAMP.reshape(2, 2))
    assert ascending("time", STAMP[[0, 1, 1]], strictly=False)[2] == STAMP[1]
    with pytest.raises(ValueError, match=r"time\[2\] must be later than time\[1\]"):
        ascending("time", STAMP[[0, 1, 1]])
