"""What pyproject.toml cannot say: the extension modules, each kernel compiled once per processor level.

Environment switches, for building from a checkout:

SHORTGAMMA_BUILD=release    (default) optimised, Cython's checks off
SHORTGAMMA_BUILD=debug      no optimisation, all of Cython's checks on
SHORTGAMMA_BUILD=coverage   line tracing for Cython.Coverage and gcov counters for the inline formulas
SHORTGAMMA_BUILD=sanitize   AddressSanitizer and UndefinedBehaviorSanitizer
"""

import os
import platform
import re
import sys
import tempfile
from pathlib import Path

import numpy
from Cython.Build import cythonize
from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext
from setuptools.errors import CompileError

KERNELS = "src/shortgamma/kernels"
# A family's loops are compiled for every level; all but vecmath and barrier promise the same bits on each.
FAMILIES = {
    "vecmath": "fast",
    "barrier": "fast",
    "binary": "fast",
    "double_barrier": "fast",
    "monitoring": "fast",
    "discrete_barrier": "fast",
    "extended_barrier": "fast",
    "soft_barrier": "fast",
    "contracts": "strict",
    "leverage": "strict",
    "leverage_theory": "strict",
    "leverage_simulate": "strict",
    "funding": "strict",
    "funding_events": "strict",
    "funding_rates": "strict",
    "liquidation": "strict",
    "liquidation_process": "strict",
    "liquidation_account": "strict",
}
# Loops of many rare branches: copies of them in each other would take minutes to compile, and gain nothing.
BRANCHING = {
    "funding_events",
    "leverage_simulate",
    "liquidation_account",
    "liquidation_process",
}
# One body in many loops: compilers would rather share it than make a vectorised copy for each.
MANY_COPIES = {"leverage_theory", "leverage_simulate"}
# Where processes fork, Cython can use all processors too.
THREADS = (os.cpu_count() or 1) if sys.platform == "linux" else 0
SINGLE = ("cpu", "names", "capi", "stream")
HIDDEN = {"cpu", "names"}
LEVELS = {"baseline": [], "v3": ["-march=x86-64-v3"], "v4": ["-march=x86-64-v4", "-mprefer-vector-width=512"]}

MODE = os.environ.get("SHORTGAMMA_BUILD", "release")
MODES = ("release", "debug", "coverage", "sanitize")
if MODE not in MODES:
    raise SystemExit(f"SHORTGAMMA_BUILD must be one of {', '.join(MODES)}, got {MODE!r}")

MSVC = sys.platform == "win32" and "GCC" not in sys.version
# The functions of a formula must melt into the loop around them, or the loop is not vectorised.
INLINE = [
    "-finline-limit=100000",
    "--param=large-function-growth=100000",
    "--param=inline-unit-growth=100000",
    "--param=large-stack-frame-growth=100000",
]
OPTIMISE = {
    "release": ["-O3", "-g0", *INLINE],
    "debug": ["-O0", "-g"],
    "coverage": ["-O0", "-g", "--coverage"],
    "sanitize": [
        "-O1",
        "-g",
        "-fno-omit-frame-pointer",
        "-fsanitize=address,undefined",
        "-fno-sanitize-recover=undefined",
    ],
}[MODE]
LINK = {"coverage": ["--coverage"], "sanitize": ["-fsanitize=address,undefined"]}.get(MODE, [])
# Loops keep the status flags themselves (kernels/status.h), so the compiler need not; and a copy of a block
# of lanes is to be a few moves in the loop, not a call of memcpy.
ALWAYS = ["-fno-math-errno", "-fno-trapping-math", "-fno-tree-loop-distribute-patterns"]
MACROS = [("NPY_NO_DEPRECATED_API", "NPY_2_0_API_VERSION"), ("NPY_TARGET_VERSION", "NPY_2_0_API_VERSION")]
if MODE == "coverage":
    MACROS.append(("CYTHON_TRACE_NOGIL", "1"))

checks = MODE == "debug"
DIRECTIVES = {
    "language_level": 3,
    "boundscheck": checks,
    "wraparound": False,
    "initializedcheck": checks,
    "nonecheck": checks,
    "overflowcheck": checks,
    # Division by zero is IEEE arithmetic here, in every build.
    "cdivision": True,
    "cpow": True,
    "freethreading_compatible": True,
    "linetrace": MODE == "coverage",
    "embedsignature": True,
}


def levels() -> dict[str, list[str]]:
    if MSVC or platform.machine().lower() not in {"x86_64", "amd64"} or MODE in {"debug", "coverage"}:
        return {"baseline": []}
    return LEVELS


def macros(source: str) -> list[tuple[str, str]]:
    if source in MANY_COPIES and MODE == "release" and not MSVC:
        return [*MACROS, ("CYTHON_INLINE", "__inline__ __attribute__((always_inline))")]
    return MACROS


def optimise(source: str) -> list[str]:
    return [flag for flag in OPTIMISE if source not in BRANCHING or flag not in INLINE]


def headers(source: str) -> list[str]:
    """What C code a loop is compiled with: the headers that it, its formulas and their headers name.

    Cython follows the .pxd files by itself: what cimports a changed one becomes new C.
    """
    files = [Path(f"cython_ext/{source}.pyx")]
    for file in files:
        text = file.read_text(encoding="utf-8")
        formulas = {f"{name}.pxd" for name in re.findall(r"shortgamma\.kernels\.(\w+)", text)}
        named = sorted(formulas | set(re.findall(r'"(\w+\.h)"', text)))
        files += [path for path in (Path(KERNELS, name) for name in named) if path.exists() and path not in files]
    return [str(path) for path in files if path.suffix == ".h"]


def extension(module: str, source: str, flags: list[str]) -> Extension:
    return Extension(
        module,
        [f"cython_ext/{source}.pyx"],
        include_dirs=[numpy.get_include(), KERNELS],
        define_macros=macros(source),
        extra_compile_args=["/O2"] if MSVC else [*optimise(source), *ALWAYS, *flags],
        extra_link_args=[] if MSVC else LINK,
        depends=headers(source),
    )


def extensions() -> list[Extension]:
    found = []
    strict = [] if MSVC else ["-ffp-contract=off"]
    single = [
        extension(f"shortgamma._{name}" if name in HIDDEN else f"shortgamma.{name}", name, strict) for name in SINGLE
    ]
    found += cythonize(
        single,
        build_dir=f"build/cython/{MODE}/single",
        include_path=["src"],
        compiler_directives=DIRECTIVES,
        nthreads=THREADS,
    )
    for level, flags in levels().items():
        group = [
            extension(
                f"shortgamma._builds.{level}.{family}",
                family,
                [*flags, *(strict if kind == "strict" else [])],
            )
            for family, kind in FAMILIES.items()
        ]
        # One build_dir for a level: the name of the module is part of the C code.
        found += cythonize(
            group,
            build_dir=f"build/cython/{MODE}/{level}",
            include_path=["src"],
            compiler_directives=DIRECTIVES,
            nthreads=THREADS,
        )
    return found


class BuildWhatTheCompilerKnows(build_ext):
    """Leave out the levels and drop the optional flags that this compiler does not know; use every processor."""

    def finalize_options(self) -> None:
        super().finalize_options()
        self.parallel = self.parallel or os.cpu_count()

    def knows(self, flags: list[str]) -> bool:
        with tempfile.TemporaryDirectory() as folder:
            source = Path(folder, "probe.c")
            source.write_text("int main(void) { return 0; }\n", encoding="utf-8")
            try:
                self.compiler.compile([str(source)], output_dir=folder, extra_postargs=["-Werror", *flags])
            except CompileError:
                return False
        return True

    def build_extensions(self) -> None:
        if not MSVC:
            optional = [flag for flag in (*INLINE, *ALWAYS, "-ffp-contract=off") if not self.knows([flag])]
            unknown = {level for level, flags in LEVELS.items() if flags and not self.knows(flags)}
            for level in sorted(unknown):
                print(f"shortgamma: this compiler does not know {LEVELS[level][0]}: no {level} build")
            self.extensions = [
                e for e in self.extensions if not any(f"._builds.{level}." in e.name for level in unknown)
            ]
            for e in self.extensions:
                e.extra_compile_args = [flag for flag in e.extra_compile_args if flag not in optional]
        super().build_extensions()


setup(ext_modules=extensions(), cmdclass={"build_ext": BuildWhatTheCompilerKnows})
