"""What is installed, what others can build on it, and how the build reacts to compilers and switches."""

import importlib
import importlib.metadata
import inspect
import json
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import numpy as np
import pytest

import shortgamma as sg
from shortgamma._core import dispatch

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = Path(sg.__file__).parent
PARTS = (
    "numeric/vecmath",
    "barrier/single",
    "barrier/double",
    "contracts",
    "leverage/nav",
    "funding/payments",
    "liquidation/position",
)
MODULES = ("barrier", "carry", "contracts", "leverage", "funding", "liquidation", "stream", "vecmath")

needs_compiler = pytest.mark.skipif(
    shutil.which((sysconfig.get_config_var("CC") or "cc").split()[0]) is None, reason="there is no C compiler"
)
needs_shell = pytest.mark.skipif(sys.platform == "win32", reason="a shell script stands for the compiler")
needs_setup = pytest.mark.skipif(not (ROOT / "setup.py").is_file(), reason="setup.py is not beside the tests")


def test_version():
    assert importlib.metadata.version("shortgamma") == sg.__version__


def test_requires_numpy_alone():
    needs = importlib.metadata.requires("shortgamma")
    assert [line for line in needs if "extra ==" not in line] == ["numpy>=2.0"]


@pytest.mark.parametrize(
    "name",
    [
        "py.typed",
        "capi.pxd",
        "capi.pyi",
        "__init__.pyi",
        "stream/__init__.pyi",
        "stream/leverage_nav.pyi",
        "_core/cpu.pyi",
        "_core/names.pyi",
        "kernels/numeric/vecmath.h",
        "kernels/numeric/vecmath_coefficients.h",
        *(f"kernels/{part}.pxd" for part in PARTS),
    ],
)
def test_what_others_compile_against_is_installed(name):
    assert (PACKAGE / name).is_file()


@needs_setup
def test_every_file_of_the_package_is_installed():
    source = ROOT / "src" / "shortgamma"
    kinds = {".py", ".pyi", ".pxd", ".h", ".typed"}
    names = [path.relative_to(source) for path in source.rglob("*") if path.suffix in kinds]
    assert len(names) > 30
    assert not [str(name) for name in names if not (PACKAGE / name).is_file()]


def test_include_folder():
    assert (Path(sg.get_include()) / "numeric" / "vecmath.h").is_file()


@pytest.mark.parametrize("name", MODULES)
def test_public_names_exist_and_are_documented(name):
    module = importlib.import_module(f"shortgamma.{name}")
    assert inspect.getdoc(module)
    for public in module.__all__:
        item = getattr(module, public)
        assert inspect.getdoc(item), public
        if inspect.isfunction(item):
            text = inspect.getdoc(item)
            for part in ("Parameters\n---", "Returns\n---", "Examples\n---", ">>> "):
                assert part in text, (public, part)


# sections and parameters that are missing, unknown or out of order
SECTIONS = {"GL03", "GL06", "GL07", "GL08", "PR01", "PR02", "PR03", "PR06", "PR10", "RT03", "SS01"}


def documented(name):
    """Public functions, classes and methods of a module, each with the codes that apply to it."""
    module = importlib.import_module(f"shortgamma.{name}")
    for public in module.__all__:
        item = getattr(module, public)
        if inspect.isfunction(item):
            yield public, SECTIONS
        elif inspect.isclass(item):
            # compiled classes do not show their parameters, and the fields of a tuple are not its parameters
            hidden = {"PR01", "PR02"} if name == "stream" or issubclass(item, tuple) else set()
            yield public, SECTIONS - hidden
            for method, function in vars(item).items():
                if callable(function) and not method.startswith("_"):
                    yield f"{public}.{method}", SECTIONS - hidden


@pytest.mark.parametrize("name", MODULES)
def test_docstrings_follow_numpydoc(name):
    validate = pytest.importorskip("numpydoc.validate").validate
    for public, wanted in documented(name):
        found = {code: text for code, text in validate(f"shortgamma.{name}.{public}")["errors"] if code in wanted}
        assert not found, public


THIRD_PARTY = """
# cython: language_level=3
from shortgamma.kernels cimport contracts
from shortgamma.kernels.barrier cimport single as barrier
from shortgamma.kernels.funding cimport payments as funding
from shortgamma.kernels.leverage cimport nav as leverage
from shortgamma.kernels.liquidation cimport position as liquidation
from shortgamma.kernels.numeric cimport vecmath
from shortgamma cimport capi

def inlined():
    cdef double out[14]
    cdef barrier.Option option = barrier.Option(110.0, 95.0, 100.0, 0.3, 0.7, 0.03, 0.01, 2.0, 2)
    barrier.careful(2, &option, out)
    return (
        *[out[i] for i in range(14)],
        contracts.value(True, 10_000.0, 264.55, 1e-6),
        contracts.profit(True, 10_000.0, 264.55, 301.1, 1.0),
        leverage.growth(1.05, 3.0, 1e-4, leverage.keep(1e-4, 1e-5)),
        liquidation.price(False, -100.0, 200.0, 0.01, 0.01, 1e-6),
        funding.payment(True, -8_000.0, 8_100.0, 1e-4, 1.0),
        vecmath.normal_cdf(-1.5), vecmath.erfcx(1.5), vecmath.exp(-1.5), vecmath.log(1.5),
    )

def called():
    cdef double out[14]
    assert capi.barrier_greeks(110.0, 95.0, 100.0, 0.3, 0.7, 0.03, 0.01, 2.0, 2, 2, out) == 14
    return (
        *[out[i] for i in range(14)],
        capi.contract_value(10_000.0, 264.55, 1e-6, True),
        capi.contract_profit(10_000.0, 264.55, 301.1, 1.0, True),
        capi.leverage_growth(1.05, 3.0, 1e-4, 1e-5),
        capi.liquidation_price(-100.0, 200.0, 0.01, 0.01, 0.0, 1e-6, False),
        capi.funding_payment(-8_000.0, 8_100.0, 1e-4, 1.0, True),
        capi.normal_cdf(-1.5), capi.erfcx(1.5), capi.exp(-1.5), capi.log(1.5),
    )
"""
SETUP = """
import sys

import numpy, shortgamma
from Cython.Build import cythonize
from setuptools import Extension, setup

include_dirs = [numpy.get_include(), shortgamma.get_include()]
# without fused multiply-add, as the package itself compiles what is to have the same bits everywhere
flags = [] if sys.platform == "win32" else ["-ffp-contract=off"]
module = Extension("third", ["third.pyx"], include_dirs=include_dirs, extra_compile_args=flags)
setup(name="third", ext_modules=cythonize([module], quiet=True))
"""


@needs_compiler
def test_third_party_code_inlines_and_calls_the_formulas(tmp_path):
    pytest.importorskip("Cython")
    pytest.importorskip("setuptools")
    (tmp_path / "third.pyx").write_text(THIRD_PARTY, encoding="utf-8")
    (tmp_path / "setup.py").write_text(SETUP, encoding="utf-8")
    show = "import json, third; print(json.dumps([third.inlined(), third.called()]))"
    for command in (["setup.py", "-q", "build_ext", "--inplace"], ["-c", show]):
        done = subprocess.run(
            [sys.executable, *command], cwd=tmp_path, capture_output=True, text=True, timeout=240, check=False
        )
        assert done.returncode == 0, done.stderr
    inlined, called = json.loads(done.stdout)
    eth, xbt = sg.venues.bitmex.contract("ETHUSD"), sg.venues.bitmex.contract("XBTUSD")
    option = {"rate": 0.03, "dividend": 0.01, "rebate": 2.0, "kind": "down-out", "option": "call", "order": 2}
    fast = [
        *sg.barrier.greeks(110.0, 95.0, 100.0, vol=0.3, expiry=0.7, **option),
        sg.vecmath.normal_cdf(-1.5),
        sg.vecmath.erfcx(1.5),
        sg.vecmath.exp(-1.5),
        sg.vecmath.log(1.5),
    ]
    strict = [
        sg.contracts.Contract("inverse", 1e-6).value(10_000, 264.55),
        xbt.pnl(10_000, 264.55, 301.1),
        sg.leverage.nav([1.0, 1.05], 3.0, financing=1e-4, expense=1e-5, periods_per_year=1)[-1],
        sg.liquidation.liquidation_price(-100, 200.0, 0.01, contract=eth, maintenance=0.01),
        sg.funding.accrue(-8_000, 8_100.0, 1e-4, contract=xbt),
    ]
    assert inlined == called
    # the same bits as the loops of the strict families; the others differ by a few units in the last place
    assert called[14:19] == [float(number) for number in strict]
    np.testing.assert_allclose([*called[:14], *called[19:]], fast, rtol=1e-12)


def run_setup(folder, **environment):
    return subprocess.run(
        [sys.executable, "setup.py", "--version"],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@needs_setup
def test_unknown_build_mode():
    done = run_setup(ROOT, SHORTGAMMA_BUILD="fast")
    assert done.returncode != 0
    assert "SHORTGAMMA_BUILD must be one of release, debug, coverage, sanitize, got 'fast'" in done.stderr


OLD_COMPILER = """#!/bin/sh
for argument in "$@"; do
    case $argument in {without}) echo "unknown option $argument" >&2; exit 1 ;; esac
done
exec {compiler} "$@"
"""
PROBE = """
import sys
sys.argv = ["setup.py", "--version"]
import setuptools
import Cython.Build
kept = {}
setuptools.setup = lambda **keywords: kept.update(keywords)
# which extensions there are is asked, not what is in them
Cython.Build.cythonize = lambda extensions, **keywords: extensions
with open("setup.py", encoding="utf-8") as file:
    exec(compile(file.read(), "setup.py", "exec"))
from distutils.ccompiler import new_compiler
from distutils.sysconfig import customize_compiler
command = kept["cmdclass"]["build_ext"](setuptools.dist.Distribution({"ext_modules": kept["ext_modules"]}))
command.finalize_options()
command.build_extension = lambda extension: None
command.compiler = new_compiler()
customize_compiler(command.compiler)
command.build_extensions()
for extension in command.extensions:
    print("BUILD", extension.name, *extension.extra_compile_args)
"""


def what_would_be_built(folder, **environment):
    """The flags of each extension, for a compiler that knows all but some flags."""
    compiler = shutil.which((sysconfig.get_config_var("CC") or "cc").split()[0])
    if "without" in environment:
        script = folder / "cc"
        script.write_text(OLD_COMPILER.format(compiler=compiler, without=environment.pop("without")), encoding="utf-8")
        script.chmod(0o755)
        environment["CC"] = str(script)
    kept = {name: value for name, value in os.environ.items() if name not in {"CC", "SHORTGAMMA_BUILD"}}
    kept["SHORTGAMMA_LEVELS"] = environment.pop("levels", "all")
    done = subprocess.run(
        [sys.executable, "-c", PROBE],
        cwd=ROOT,
        env=kept | environment,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    lines = [line.split() for line in done.stdout.splitlines() if line.startswith("BUILD ")]
    return {name: flags for _, name, *flags in lines}, done.stdout


def levels(extensions):
    return sorted({name.split(".")[2] for name in extensions if name.startswith("shortgamma._builds.")})


@needs_setup
@needs_compiler
@needs_shell
def test_levels_of_this_compiler(tmp_path):
    pytest.importorskip("Cython")
    extensions, said = what_would_be_built(tmp_path)
    if os.uname().machine not in {"x86_64", "amd64"}:
        assert levels(extensions) == ["baseline"]
    else:
        # a compiler that knows less has said so
        missing = [level for level in ("v3", "v4") if f"no {level} build" in said]
        assert levels(extensions) == [level for level in ("baseline", "v3", "v4") if level not in missing]
    for name, flags in extensions.items():
        assert "-march=native" not in flags
        assert "-ffast-math" not in flags
        if {"carry", "contracts", "leverage", "funding", "liquidation"} & set(name.split(".")):
            assert "-ffp-contract=off" in flags, name


@needs_setup
@needs_compiler
@needs_shell
def test_levels_are_chosen_by_name_or_by_the_processor(tmp_path):
    pytest.importorskip("Cython")
    if os.uname().machine not in {"x86_64", "amd64"}:
        pytest.skip("only x86-64 has levels")
    named, _ = what_would_be_built(tmp_path, levels="baseline,v3")
    assert levels(named) == ["baseline", "v3"]
    native, _ = what_would_be_built(tmp_path, levels="native")
    assert levels(native) == sorted({"baseline", dispatch.supported})
    strict = "shortgamma._builds.baseline.leverage.nav"
    assert "-O3" in named[strict]
    # beside a better level the baseline is compiled quickly, and gives the same bits
    assert ("-O1" if dispatch.supported != "baseline" else "-O3") in native[strict]
    assert "-ffp-contract=off" in native[strict]
    assert "-O3" in native[f"shortgamma._builds.{dispatch.supported}.leverage.nav"]


@needs_setup
@needs_compiler
@needs_shell
def test_other_flags_compile_anew(tmp_path):
    pytest.importorskip("Cython")
    code = (
        PROBE.partition("command.build_extension =")[0]
        + """
from pathlib import Path
from setuptools.command.build_ext import build_ext
made = []
build_ext.build_extension = lambda self, extension: made.append(bool(self.force))
extension = command.extensions[0]
command.build_temp = sys.argv.pop()
for flags in (["-O2"], ["-O2"], ["-O3"], ["-O3"]):
    extension.extra_compile_args = flags
    command.build_extension(extension)
print("FORCED", *made)
"""
    )
    code = code.replace(
        'sys.argv = ["setup.py", "--version"]', f'sys.argv = ["setup.py", "--version", {str(tmp_path)!r}]'
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=240, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "FORCED False False True False" in done.stdout


@needs_setup
def test_unknown_level_to_build():
    done = run_setup(ROOT, SHORTGAMMA_LEVELS="v5")
    assert done.returncode != 0
    assert "SHORTGAMMA_LEVELS must be native, all, or some of baseline, v3, v4, got 'v5'" in done.stderr


@needs_setup
@needs_compiler
@needs_shell
@pytest.mark.parametrize(
    ("without", "built"),
    [("-march=x86-64-v4", ["baseline", "v3"]), ("-march=*|-mprefer-vector-width=*", ["baseline"])],
)
def test_a_compiler_that_does_not_know_a_level_leaves_it_out(tmp_path, without, built):
    pytest.importorskip("Cython")
    if os.uname().machine not in {"x86_64", "amd64"}:
        pytest.skip("only x86-64 has levels")
    extensions, said = what_would_be_built(tmp_path, without=without)
    assert levels(extensions) == built
    for level in {"v3", "v4"} - set(built):
        assert f"no {level} build" in said


@needs_setup
@needs_compiler
@needs_shell
def test_a_compiler_that_does_not_know_an_optional_flag_goes_without(tmp_path):
    pytest.importorskip("Cython")
    before, _ = what_would_be_built(tmp_path)
    after, _ = what_would_be_built(tmp_path, without="-finline-limit=*")
    assert before.keys() == after.keys()
    for name, flags in after.items():
        assert flags == [flag for flag in before[name] if not flag.startswith("-finline-limit=")]


@needs_setup
@needs_compiler
@needs_shell
@pytest.mark.parametrize(
    ("mode", "flag"), [("debug", "-O0"), ("coverage", "--coverage"), ("sanitize", "-fsanitize=address,undefined")]
)
def test_build_modes(tmp_path, mode, flag):
    pytest.importorskip("Cython")
    extensions, _ = what_would_be_built(tmp_path, SHORTGAMMA_BUILD=mode)
    assert extensions
    assert all(flag in flags for flags in extensions.values())
