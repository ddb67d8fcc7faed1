"""What is installed, what others can build on it, and how the build reacts to compilers and switches."""

import importlib
import importlib.metadata
import inspect
import os
import shutil
import subprocess
import sys
import sysconfig
import textwrap
from pathlib import Path

import numpy as np
import pytest

import shortgamma as sg

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = Path(sg.__file__).parent
FAMILIES = ("barrier", "contracts", "leverage", "funding", "liquidation", "vecmath")
MODULES = ("barrier", "contracts", "leverage", "funding", "liquidation", "stream", "vecmath")

needs_compiler = pytest.mark.skipif(
    shutil.which((sysconfig.get_config_var("CC") or "cc").split()[0]) is None, reason="there is no C compiler"
)
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
        "stream.pyi",
        "_cpu.pyi",
        "kernels/vecmath.h",
        "kernels/vecmath_coefficients.h",
        "kernels/status.h",
        "kernels/stream.h",
        *(f"kernels/{family}.pxd" for family in FAMILIES),
    ],
)
def test_what_others_compile_against_is_installed(name):
    assert (PACKAGE / name).is_file()


def test_include_folder():
    assert (Path(sg.get_include()) / "vecmath.h").is_file()


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


@pytest.mark.parametrize("name", MODULES)
def test_docstrings_follow_numpydoc(name):
    validate = pytest.importorskip("numpydoc.validate").validate
    module = importlib.import_module(f"shortgamma.{name}")
    # sections and parameters that are missing, unknown or out of order
    wanted = {"GL03", "GL06", "GL07", "GL08", "PR01", "PR02", "PR03", "PR06", "PR10", "RT03", "SS01"}
    for public in module.__all__:
        if inspect.isfunction(getattr(module, public)):
            found = {code: text for code, text in validate(f"shortgamma.{name}.{public}")["errors"] if code in wanted}
            assert not found, public


THIRD_PARTY = """
# cython: language_level=3
from shortgamma.kernels.barrier cimport careful
from shortgamma.kernels.contracts cimport value
from shortgamma.kernels.leverage cimport growth, keep
from shortgamma.kernels.liquidation cimport price
from shortgamma.kernels.funding cimport payment
from shortgamma.kernels.vecmath cimport normal_cdf
from shortgamma cimport capi

def numbers():
    cdef double out[14]
    careful(2, 110.0, 95.0, 100.0, 0.3, 0.7, 0.03, 0.01, 2.0, 2, out)
    return (
        out[0], out[13], value(False, 10_000.0, 264.55, 1e-6), growth(1.05, 3.0, 1e-4, keep(1e-4, 1e-5)),
        price(False, -100.0, 200.0, 0.01, 0.01, 1e-6), payment(True, -8_000.0, 8_000.0, 1e-4, 1.0), normal_cdf(-1.5),
        capi.normal_cdf(-1.5),
    )
"""
SETUP = """
import numpy, shortgamma
from Cython.Build import cythonize
from setuptools import Extension, setup

modules = [Extension("third", ["third.pyx"], include_dirs=[numpy.get_include(), shortgamma.get_include()])]
setup(name="third", ext_modules=cythonize(modules, quiet=True))
"""


@needs_compiler
def test_third_party_code_inlines_the_formulas(tmp_path):
    pytest.importorskip("Cython")
    pytest.importorskip("setuptools")
    (tmp_path / "third.pyx").write_text(textwrap.dedent(THIRD_PARTY), encoding="utf-8")
    (tmp_path / "setup.py").write_text(SETUP, encoding="utf-8")
    for command in (["setup.py", "-q", "build_ext", "--inplace"], ["-c", "import third; print(*third.numbers())"]):
        done = subprocess.run(
            [sys.executable, *command], cwd=tmp_path, capture_output=True, text=True, timeout=240, check=False
        )
        assert done.returncode == 0, done.stderr
    found = [float(text) for text in done.stdout.split()]
    one = sg.barrier.greeks(
        110.0, 95.0, 100.0, 0.3, 0.7, rate=0.03, dividend=0.01, rebate=2.0, kind="down-out", option="call", order=2
    )
    expected = [
        one.price,
        one.veta,
        sg.contracts.ETHUSD.value(10_000, 264.55),
        sg.leverage.nav([1.0, 1.05], 3.0, financing=1e-4, fee=1e-5)[-1],
        sg.liquidation.price(-100, 200.0, 0.01, contract=sg.contracts.ETHUSD, maintenance=0.01),
        sg.funding.accrue(-8_000, 8_000.0, 1e-4, contract=sg.contracts.XBTUSD),
        sg.vecmath.normal_cdf(-1.5),
        sg.vecmath.normal_cdf(-1.5),
    ]
    np.testing.assert_allclose(found, expected, rtol=1e-12)


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
    case $argument in -march=x86-64-v*|-mprefer-vector-width=*) echo "unknown option $argument" >&2; exit 1 ;; esac
done
exec {compiler} "$@"
"""
PROBE = """
import sys
sys.argv = ["setup.py", "--version"]
import setuptools
setuptools.setup = lambda **keywords: kept.update(keywords)
kept = {}
exec(compile(open("setup.py").read(), "setup.py", "exec"))
command = kept["cmdclass"]["build_ext"](setuptools.dist.Distribution({"ext_modules": kept["ext_modules"]}))
command.finalize_options()
command.build_extension = lambda extension: None
from distutils.ccompiler import new_compiler
from distutils.sysconfig import customize_compiler
command.compiler = new_compiler()
customize_compiler(command.compiler)
command.build_extensions()
print("LEVELS", *sorted({e.name.split(".")[2] for e in command.extensions if e.name.startswith("shortgamma._builds")}))
"""


@needs_setup
@needs_compiler
@pytest.mark.skipif(sys.platform == "win32", reason="a shell script stands for the compiler")
@pytest.mark.parametrize("old", [False, True])
def test_a_compiler_that_does_not_know_the_levels_builds_the_baseline(tmp_path, old):
    pytest.importorskip("Cython")
    compiler = shutil.which((sysconfig.get_config_var("CC") or "cc").split()[0])
    script = tmp_path / "cc"
    script.write_text(OLD_COMPILER.format(compiler=compiler), encoding="utf-8")
    script.chmod(0o755)
    copy = tmp_path / "copy"
    copy.mkdir()
    for name in ("setup.py", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, copy)
    for name in ("cython_ext", "src"):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("*.so", "__pycache__", "*.egg-info"))
    environment = {**os.environ, "CC": str(script)} if old else dict(os.environ)
    done = subprocess.run(
        [sys.executable, "-c", PROBE],
        cwd=copy,
        env=environment,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    levels = done.stdout.rpartition("LEVELS ")[2].split()
    x86 = os.uname().machine in {"x86_64", "amd64"} and not os.environ.get("SHORTGAMMA_BUILD")
    assert levels == (["baseline", "v3", "v4"] if x86 and not old else ["baseline"])
