"""What pyproject.toml cannot say: the extension modules, each loop compiled once per processor level.

Environment switches, for building from a checkout:

SHORTGAMMA_LEVELS=native    (default) the level of this processor and, quickly compiled, the baseline
SHORTGAMMA_LEVELS=all       every level, as wheels are built
SHORTGAMMA_LEVELS=v3,v4     these levels
SHORTGAMMA_BUILD=release    (default) optimised, Cython's checks off
SHORTGAMMA_BUILD=debug      no optimisation, all of Cython's checks on
SHORTGAMMA_BUILD=coverage   line tracing for Cython.Coverage and gcov counters for the inline formulas
SHORTGAMMA_BUILD=sanitize   AddressSanitizer and UndefinedBehaviorSanitizer
"""

import copy
import gc
import os
import platform
import re
import shlex
import subprocess
import sys
import sysconfig
import tempfile
from functools import cache
from pathlib import Path

import numpy
from Cython.Build import cythonize
from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext
from setuptools.errors import CompileError

LOOPS = Path("cython_ext")
KERNELS = Path("src/shortgamma/kernels")
INCLUDE = [numpy.get_include(), str(KERNELS), str(LOOPS)]

# Built once, for the baseline: what has no loop over data.
SINGLE = {
    "cells": "shortgamma._core.cells",
    "cpu": "shortgamma._core.cpu",
    "names": "shortgamma._core.names",
    "keywords": "shortgamma._core.public",
    "capi": "shortgamma.capi",
    **{f"stream/{path.stem}": f"shortgamma.stream.{path.stem}" for path in sorted((LOOPS / "stream").glob("*.pyx"))},
}
# Families whose results have the same bits on every processor: compiled without fused multiply-add.
STRICT = {"contracts", "leverage", "funding", "liquidation", "carry"}
# The baseline beside the level of the processor that builds is a fallback for other processors: slower, the strict
# families to the same bits, and compiled in 24 s of CPU (-O2: 37 s).
FALLBACK = "baseline"
QUICKLY = ["-O1", "-g0"]
LEVELS = {"baseline": [], "v3": ["-march=x86-64-v3"], "v4": ["-march=x86-64-v4", "-mprefer-vector-width=512"]}
# What a compiler defines when it makes code for a level.
DEFINED_BY = {"v4": ("__AVX512BW__", "__AVX512CD__", "__AVX512DQ__", "__AVX512VL__"), "v3": ("__AVX2__", "__FMA__")}

MODE = os.environ.get("SHORTGAMMA_BUILD", "release")
MODES = ("release", "debug", "coverage", "sanitize")
if MODE not in MODES:
    raise SystemExit(f"SHORTGAMMA_BUILD must be one of {', '.join(MODES)}, got {MODE!r}")
WANTED = os.environ.get("SHORTGAMMA_LEVELS", "native")
if WANTED not in {"native", "all"} and not set(WANTED.split(",")) <= LEVELS.keys():
    raise SystemExit(f"SHORTGAMMA_LEVELS must be native, all, or some of {', '.join(LEVELS)}, got {WANTED!r}")

MSVC = sys.platform == "win32" and "GCC" not in sys.version
# The functions of a formula must melt into the loop around them, or the loop is not vectorised.
INLINE = [
    "-finline-limit=100000",
    "--param=large-function-growth=100000",
    "--param=inline-unit-growth=100000",
    "--param=large-stack-frame-growth=100000",
]
# Copies of a loop for each constant argument double the time that it takes to compile, and are no faster.
NO_CLONES = "-fno-ipa-cp-clone"
# Iterations taken out of a loop round differently from those left in it: an option would depend on its place.
NO_PEELING = ["-fno-peel-loops", "--param=max-completely-peel-times=0"]
# Flags of single parts, each for a reason that was measured. Loops of many rare branches would take minutes to
# compile if they were melted into each other, and gain nothing.
BRANCHING = {
    "funding/events",
    "leverage/token",
    "liquidation/account",
    "liquidation/cascade",
    "liquidation/probability",
    "liquidation/process",
}
# Of these -O3 makes more code, and slower: totals of daily products take 1.1 ns a bar instead of 0.7.
LARGE = BRANCHING - {"funding/events"}
VECTORISED = ["-O2", "-ftree-vectorize", "-fvect-cost-model=dynamic"]
EXTRA = {
    "barrier/single": [NO_CLONES],
    "barrier/double": [NO_CLONES, *NO_PEELING],
    "barrier/binary": [NO_CLONES],
    "barrier/discrete": [NO_CLONES],
}
# One body in many loops: compilers would rather share it than make a vectorised copy for each.
MANY_COPIES = {
    "barrier/binary",
    "barrier/double",
    "barrier/shifted",
    "barrier/single",
    "carry/rolling_regression",
    "leverage/theory",
    "leverage/token",
}
# The longest first, so that no processor is left with one of them at the end.
SLOWEST = ("barrier/double", "leverage/token", "carry/rolling_regression", "barrier/single", "barrier/discrete")

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
# Loops keep the status flags themselves (_loop/status.h), so the compiler need not; and a copy of a block of lanes
# is to be a few moves in the loop, not a call of memcpy.
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
    # Overflow is looked for by the sanitizer build: Cython's own check cannot raise without the GIL, does not compile
    # on an enum, and takes the wrap-around of unsigned hashes, which is meant, for a fault.
    "overflowcheck": False,
    # Division by zero is IEEE arithmetic here, in every build.
    "cdivision": True,
    "cpow": True,
    "freethreading_compatible": True,
    "linetrace": MODE == "coverage",
    "embedsignature": True,
}


@cache
def native_level() -> str:
    """The level of the processor that builds, as its compiler sees it."""
    compiler = shlex.split(os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc")
    probe = subprocess.run(
        [*compiler, "-march=native", "-dM", "-E", "-x", "c", os.devnull], capture_output=True, text=True, check=False
    )
    defined = set(probe.stdout.split())
    return next((level for level, names in DEFINED_BY.items() if defined.issuperset(names)), "baseline")


def levels() -> dict[str, list[str]]:
    if MSVC or platform.machine().lower() not in {"x86_64", "amd64"} or MODE in {"debug", "coverage"}:
        return {"baseline": []}
    if WANTED == "all":
        return LEVELS
    names = {"baseline", native_level()} if WANTED == "native" else set(WANTED.split(","))
    return {level: flags for level, flags in LEVELS.items() if level in names}


def is_fallback(level: str) -> bool:
    """Whether a level is built only for want of a better one."""
    return MODE == "release" and WANTED == "native" and not MSVC and level == FALLBACK != native_level()


def parts() -> list[str]:
    """The loops, each named by its path: family/part, or the family alone."""
    paths = sorted(LOOPS.rglob("*.pyx"))
    names = [path.relative_to(LOOPS).with_suffix("").as_posix() for path in paths]
    return sorted(
        (name for name in names if name not in SINGLE),
        key=lambda name: SLOWEST.index(name) if name in SLOWEST else len(SLOWEST),
    )


def headers(source: str) -> list[str]:
    """What C code a loop is compiled with: the headers that it, its formulas and their headers name.

    Cython follows the .pxd files by itself: what cimports a changed one becomes new C.
    """
    files = [LOOPS / f"{source}.pyx"]
    for file in files:
        text = file.read_text(encoding="utf-8")
        cimported = re.findall(r"\b(?:shortgamma\.kernels|cython_ext)\.[\w.]+", text)
        named = {f"{name.replace('.', '/')}.pxd" for name in cimported}
        included = set(re.findall(r'"([\w/]+\.h)"', text))
        candidates = [Path("src", name) if name.startswith("shortgamma") else Path(name) for name in sorted(named)]
        candidates += [folder / name for name in sorted(included) for folder in (KERNELS, LOOPS, file.parent)]
        files += [path for path in candidates if path.exists() and path not in files]
    return [str(path) for path in files if path.suffix == ".h"]


def flags_of(source: str, level: str) -> list[str]:
    family = source.partition("/")[0]
    strict = ["-ffp-contract=off"] if family in STRICT or source in SINGLE else []
    if is_fallback(level):
        return [*QUICKLY, *ALWAYS, *strict]
    optimise = [flag for flag in OPTIMISE if source not in BRANCHING.union(SINGLE) or flag not in INLINE]
    extra = EXTRA.get(source, VECTORISED if source in LARGE else []) if MODE == "release" else []
    return [*optimise, *extra, *ALWAYS, *strict, *LEVELS.get(level, [])]


def macros_of(source: str, level: str) -> list[tuple[str, str]]:
    if source == "cpu" and FALLBACK in levels() and is_fallback(FALLBACK):
        return [*MACROS, ("SG_FALLBACK", f'"{FALLBACK}"')]
    if source in MANY_COPIES and MODE == "release" and not MSVC and not is_fallback(level):
        return [*MACROS, ("CYTHON_INLINE", "__inline__ __attribute__((always_inline))")]
    return MACROS


def extension(module: str, source: str, file: str, level: str = "") -> Extension:
    return Extension(
        module,
        [file],
        include_dirs=INCLUDE,
        define_macros=macros_of(source, level),
        extra_compile_args=["/O2"] if MSVC else flags_of(source, level),
        extra_link_args=[] if MSVC else LINK,
        depends=headers(source),
    )


def extensions() -> list[Extension]:
    """Each source is translated to C once, whatever the number of levels that it is compiled for."""
    kernels = {part: f"shortgamma._builds.{part.replace('/', '.')}" for part in parts()}
    # Cython's trees are kept until the end, so looking for garbage takes half of its time (21 s of CPU against 10)
    gc.disable()
    translated = cythonize(
        [extension(module, source, str(LOOPS / f"{source}.pyx")) for source, module in {**kernels, **SINGLE}.items()],
        build_dir=f"build/cython/{MODE}",
        include_path=[".", "src"],
        compiler_directives=DIRECTIVES,
        # where processes fork, Cython can use all processors too
        nthreads=(os.cpu_count() or 1) if sys.platform == "linux" else 0,
    )
    gc.enable()
    files = {module.name: module.sources[0] for module in translated}
    return [
        *(
            extension(f"shortgamma._builds.{level}.{part.replace('/', '.')}", part, files[module], level)
            for part, module in kernels.items()
            for level in reversed(levels())
        ),
        *(extension(module, source, files[module]) for source, module in SINGLE.items()),
    ]


class BuildWhatTheCompilerKnows(build_ext):
    """Leave out the levels and drop the optional flags that this compiler does not know; use every processor."""

    def finalize_options(self) -> None:
        super().finalize_options()
        self.parallel = self.parallel or os.cpu_count()

    def build_extension(self, ext: Extension) -> None:
        # each level compiles the same C files, at the same time: objects in folders of their own
        worker = copy.copy(self)
        *folders, name = ext.name.split(".")
        worker.build_temp = str(Path(self.build_temp, *folders))
        # what was compiled with other flags is out of date, however new it is
        flags = shlex.join([*ext.extra_compile_args, *map("=".join, ext.define_macros)])
        known = Path(worker.build_temp, f"{name}.flags")
        worker.force = self.force or (known.is_file() and known.read_text(encoding="utf-8") != flags)
        super(BuildWhatTheCompilerKnows, worker).build_extension(ext)
        known.parent.mkdir(parents=True, exist_ok=True)
        known.write_text(flags, encoding="utf-8")

    def copy_extensions_to_source(self) -> None:
        for e in self.extensions:
            # loops lie in folders that are no packages: dispatch finds them by their path
            Path(self.get_ext_fullpath(e.name)).parent.mkdir(parents=True, exist_ok=True)
        super().copy_extensions_to_source()

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
            named = (*INLINE, *ALWAYS, *VECTORISED[1:], NO_CLONES, *NO_PEELING, "-ffp-contract=off")
            optional = [flag for flag in named if not self.knows([flag])]
            unknown = {level for level, flags in levels().items() if flags and not self.knows(flags)}
            for level in sorted(unknown):
                print(f"shortgamma: this compiler does not know {LEVELS[level][0]}: no {level} build")
            self.extensions = [
                e for e in self.extensions if not any(f"._builds.{level}." in e.name for level in unknown)
            ]
            for e in self.extensions:
                e.extra_compile_args = [flag for flag in e.extra_compile_args if flag not in optional]
        super().build_extensions()


setup(ext_modules=extensions(), cmdclass={"build_ext": BuildWhatTheCompilerKnows})
