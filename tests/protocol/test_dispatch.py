"""The builds for several processors: which one is chosen, and that all of them agree."""

import json
import os
import subprocess
import sys
from pathlib import Path

import cases
import numpy as np
import pytest
from processes import environment

import shortgamma as sg
from shortgamma._core import dispatch

TESTS = Path(__file__).parent
RUNS = dispatch.LEVELS[: dispatch.LEVELS.index(dispatch.supported) + 1]
LEVELS = [level for level in dispatch.available() if level in RUNS]
STRICT = [name for name, ufunc in cases.ufuncs().items() if name not in cases.FAST]
BARRIER = [*cases.BARRIERS, *cases.BINARIES]
VECMATH = cases.VECMATH
SEEDS = range(8)
ROWS = 2000


def python(code, *arguments, level=None, **options):
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", code, *map(str, arguments)],
        env=environment(level),
        capture_output=True,
        text=True,
        check=False,
        # the baseline takes a minute of a quiet processor
        timeout=900,
        **options,
    )


# Every build computes the same arguments by itself; results go through a file, bit for bit.
COMPUTE = """
import sys
import numpy as np
import cases
from protocol import test_dispatch
np.savez(sys.argv[1], **test_dispatch.results())
"""


def results():
    """Outputs of every ufunc over ordinary and wild arguments, and the name of the build that gave them."""
    found = {"level": np.array(dispatch.level)}
    with np.errstate(all="ignore"):
        for name, ufunc in cases.ufuncs().items():
            for label, draw in (("ordinary", cases.arguments), ("wild", cases.wild_arguments)):
                for seed in SEEDS:
                    arguments = draw(name, (ROWS if ufunc.signature is None else 133,), 150, seed)
                    outputs = ufunc(*arguments)
                    # paths that lie side by side go through code of their own
                    sideways = ufunc(*map(np.asfortranarray, arguments))
                    for i, output in enumerate(outputs if ufunc.nout > 1 else (outputs,)):
                        found[f"{name} {label} {seed} {i}"] = output
                    for i, output in enumerate(sideways if ufunc.nout > 1 else (sideways,)):
                        found[f"{name} {label} {seed} {i} sideways"] = output
        for name in VECMATH:
            found[f"{name} everywhere"] = cases.ufuncs()[name](everywhere())
    return found


def everywhere():
    """Numbers of every size and sign, and those where the functions bend or end."""
    random = np.random.default_rng(3)
    return np.concatenate(
        [
            random.uniform(-40.0, 40.0, 20_000),
            random.standard_normal(20_000),
            random.uniform(-746.0, 711.0, 20_000),
            random.integers(0, 2**64, 20_000, dtype=np.uint64).view(np.float64),
            1.0 + 1e-6 * random.standard_normal(20_000),
            [
                0.0,
                -0.0,
                1.0,
                -1.0,
                np.inf,
                -np.inf,
                np.nan,
                5e-324,
                -5e-324,
                -37.5,
                -38.5,
                26.5,
                709.78,
                -745.13,
            ],
        ]
    )


@pytest.fixture(scope="module")
def builds(tmp_path_factory):
    if len(LEVELS) < 2:
        pytest.skip(f"one build only runs here: {', '.join(LEVELS)}")
    folder = tmp_path_factory.mktemp("builds")
    found = {}
    for level in LEVELS:
        answer = python(COMPUTE, folder / f"{level}.npz", level=level)
        assert answer.returncode == 0, answer.stderr
        with np.load(folder / f"{level}.npz") as file:
            found[level] = dict(file)
        assert found[level]["level"] == level
    return found


def words(array):
    """The bits of an array; the bits of a NaN mean nothing."""
    return np.where(np.isnan(array), -1, array.view(np.int64)) if array.dtype.kind == "f" else array


@pytest.mark.parametrize("level", LEVELS[1:])
@pytest.mark.parametrize("name", STRICT)
def test_same_bits_on_every_processor(builds, name, level):
    keys = [key for key in builds["baseline"] if key.split()[0] == name]
    assert len(keys) == 4 * len(SEEDS) * cases.ufuncs()[name].nout
    for key in keys:
        np.testing.assert_array_equal(
            words(builds[level][key]), words(builds["baseline"][key]), err_msg=key, strict=True
        )


def ordered(array):
    """The place of each double among all doubles."""
    bits = array.view(np.int64)
    return np.where(bits < 0, np.iinfo(np.int64).min - bits, bits)


@pytest.mark.parametrize("level", LEVELS[1:])
@pytest.mark.parametrize("name", VECMATH)
def test_vecmath_agrees_to_4_ulp(builds, name, level):
    for key in [key for key in builds["baseline"] if key.split()[0] == name]:
        one, other = builds["baseline"][key], builds[level][key]
        np.testing.assert_array_equal(np.isnan(one), np.isnan(other), err_msg=key)
        number = ~np.isnan(one)
        apart = np.abs(ordered(one[number]) - ordered(other[number]))
        assert apart.max() <= 4, (key, everywhere()[number][apart.argmax()] if "everywhere" in key else None)


def natural_scales(spot, strike, barrier, vol, expiry, rate, dividend, rebate, kind, binary=False):
    """The size of the largest term of each output, of which an ulp is the least that rounding can do.

    The value is a difference of amounts. A derivative in ln S brings at most 1/s or the power 2 mu of (H/S), one in
    sigma or r what follows from f_sigma = sigma T (f2 - f1), f_r = T (f1 - f) and the derivative of that power.
    """
    drift, deviation = np.abs(rate - dividend), np.minimum(vol * np.sqrt(expiry), 1.0)
    away = np.abs(np.log(spot / barrier))
    discount = np.exp(-rate * expiry)
    amounts = spot * np.exp(-dividend * expiry) + strike * discount + rebate * np.maximum(discount, 1.0)
    if binary:
        amounts = rebate * (np.maximum(spot * np.exp(-dividend * expiry), barrier) + np.maximum(discount, 1.0))
    step = 1.0 / deviation + np.abs(2.0 * (rate - dividend) / vol**2 - 1.0)
    by_vol = vol * expiry * step**2 + 4.0 * drift / vol**3 * away
    by_rate = expiry * step + 2.0 * away / vol**2
    by_time = np.abs(rate) + drift * step + vol**2 * step**2
    slope = step / spot
    scales = (
        1.0,
        slope,
        slope**2,
        by_vol,
        by_time,
        by_rate,
        by_rate,
        slope * by_vol,
        by_vol**2,
        slope * by_time,
        # S^3 d3V/dS3 = V_xxx - 3 V_xx + 2 V_x
        (step**3 + 3.0 * step**2 + 2.0 * step) / spot**3,
        slope**2 * by_vol,
        slope**2 * by_time,
        by_vol * by_time,
    )
    return [amounts * scale for scale in scales]


@pytest.mark.parametrize("level", LEVELS[1:])
@pytest.mark.parametrize("name", BARRIER)
def test_barrier_agrees_to_4_ulp_of_its_terms(builds, name, level):
    """Where amounts cancel a relative error says nothing; 3 ulp of the terms is the most that was seen."""
    for seed in SEEDS:
        scales = natural_scales(*cases.arguments(name, (ROWS,), 150, seed), binary=name in cases.BINARIES)
        if name in cases.GREEKS:
            scales = [scales[cases.GREEKS.index(name)]]
        for i in range(cases.ufuncs()[name].nout):
            key = f"{name} ordinary {seed} {i}"
            one, other = builds["baseline"][key], builds[level][key]
            assert np.isfinite(one).all(), key
            assert np.isfinite(other).all(), key
            apart = np.abs(one - other) / np.spacing(scales[i])
            assert apart.max() <= 4.0, (key, apart.max())


@pytest.mark.parametrize("level", LEVELS[1:])
@pytest.mark.parametrize("name", ["barrier_price", "barrier_first_order", "barrier_second_order"])
def test_barrier_prices_agree_on_what_is_no_number(builds, name, level):
    for seed in SEEDS:
        key = f"{name} wild {seed} 0"
        np.testing.assert_array_equal(np.isnan(builds["baseline"][key]), np.isnan(builds[level][key]), err_msg=key)


@pytest.mark.parametrize("level", LEVELS)
def test_the_variable_overrides_the_choice(level):
    code = "import json, shortgamma; print(json.dumps(shortgamma.show_config('dict')))"
    answer = python(code, level=level)
    assert answer.returncode == 0, answer.stderr
    facts = json.loads(answer.stdout)
    assert (facts["cpu"], facts["override"]) == (level, level)


def test_the_best_is_chosen():
    answer = python("from shortgamma._core import dispatch; print(dispatch.level, dispatch.wanted)")
    assert answer.stdout.split() == [LEVELS[-1], "None"]


def test_only_the_chosen_build_is_loaded():
    code = (
        "import sys, shortgamma; shortgamma.barrier.price; print(*(name for name in sys.modules if '_builds.' in name))"
    )
    answer = python(code, level=LEVELS[0])
    assert {name.split(".")[2] for name in answer.stdout.split()} == {LEVELS[0]}


@pytest.mark.parametrize("level", ["v5", "V3", "avx2", " v3"])
def test_unknown_level(level):
    message = f"SHORTGAMMA_CPU must be one of 'baseline', 'v3', 'v4', got {level!r}"
    with pytest.raises(ImportError) as caught:
        dispatch.choose("v4", level)
    assert str(caught.value) == message
    answer = python("import shortgamma", level=level)
    assert answer.returncode == 1
    assert answer.stderr.splitlines()[-1] == f"ImportError: {message}"


def test_level_that_the_processor_lacks(monkeypatch):
    monkeypatch.setattr(dispatch, "available", lambda: dispatch.LEVELS)
    for supported, level, runs in [
        ("baseline", "v3", "baseline"),
        ("baseline", "v4", "baseline"),
        ("v3", "v4", "baseline, v3"),
    ]:
        with pytest.raises(ImportError) as caught:
            dispatch.choose(supported, level)
        assert str(caught.value) == f"SHORTGAMMA_CPU={level}: this processor supports {runs} only"


def test_level_that_was_not_built(monkeypatch):
    monkeypatch.setattr(dispatch, "available", lambda: ("baseline", "v3"))
    with pytest.raises(ImportError) as caught:
        dispatch.choose("v4", "v4")
    assert str(caught.value) == "SHORTGAMMA_CPU=v4: this installation was built for baseline, v3 only"
    assert dispatch.choose("v4", "v3") == "v3"


def test_choice_without_the_variable(monkeypatch):
    best = next(level for level in reversed(RUNS) if level in LEVELS)
    assert dispatch.choose(dispatch.supported, None) == dispatch.choose(dispatch.supported, "") == best
    for level in LEVELS:
        assert dispatch.choose(level, None) == level
    monkeypatch.setattr(dispatch, "_is_built", lambda level: level == "baseline")
    assert dispatch.choose("v4", None) == "baseline"
    monkeypatch.setattr(dispatch, "_is_built", lambda level: False)
    with pytest.raises(ImportError) as caught:
        dispatch.choose("v4", None)
    assert str(caught.value) == "shortgamma has no compiled kernels: build it with 'pip install .'"


def test_show_config(capsys):
    facts = sg.show_config("dict")
    assert list(facts) == [
        "version",
        "python",
        "numpy",
        "machine",
        "builds",
        "fallback",
        "supported",
        "cpu",
        "override",
    ]
    assert facts["version"] == sg.__version__
    assert facts["numpy"] == np.__version__
    assert facts["python"] == ".".join(map(str, sys.version_info[:3]))
    assert facts["cpu"] in facts["builds"]
    assert set(facts["builds"]) <= set(dispatch.LEVELS)
    assert facts["supported"] in dispatch.LEVELS
    # the build for the processor that built it is never the one that was compiled quickly
    assert facts["fallback"] is None or (facts["fallback"] in facts["builds"] and len(facts["builds"]) > 1)
    assert facts["override"] == os.environ.get("SHORTGAMMA_CPU")
    assert capsys.readouterr().out == ""
    assert sg.show_config() is None
    printed = dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines())
    assert printed == {name: ", ".join(fact) if isinstance(fact, tuple) else str(fact) for name, fact in facts.items()}


def test_import_is_light():
    code = (
        "import sys, numpy\nbefore = set(sys.modules)\nimport shortgamma\nprint(*sorted(set(sys.modules) - before))\n"
    )
    answer = python(code)
    assert answer.returncode == 0, answer.stderr
    new = set(answer.stdout.split())
    assert "shortgamma._core.dispatch" in new
    tops = {name.split(".")[0] for name in new}
    assert not tops & {"scipy", "pandas", "matplotlib", "argparse", "csv", "json"}
    others = {name for name in tops if not name.startswith(("_cython_", "cython_"))}
    assert others <= {"shortgamma", *sys.stdlib_module_names}
    assert not new & {"shortgamma.cli", "shortgamma.io.prices", "shortgamma._market"}
