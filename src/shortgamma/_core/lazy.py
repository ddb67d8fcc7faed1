"""Packages whose public names are listed once, in their ``__init__.pyi``, and loaded when they are first asked for.

The stub is what type checkers and editors read. Reading the list from it too costs some 50 us a package, where
importing all parts of a family would cost milliseconds.
"""

from __future__ import annotations

import re
import sys
from importlib import import_module
from types import FunctionType, ModuleType
from typing import TYPE_CHECKING

from shortgamma._core.public import wrap

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeVar

    Kind = TypeVar("Kind", bound=type)

# Packages whose functions take frames as they are.
UNLABELLED = {"shortgamma", "shortgamma.io", "shortgamma.carry"}
# A line of a docstring that begins so stands for an entry of the table in docs.py.
MARK = re.compile(r"\n +\{[A-Za-z]")
IMPORT = re.compile(r"^from (\S+) import (?:\(([^)]*)\)|(.*))$", re.MULTILINE)
# What a stub re-exports is given its own name; other imports are for annotations.
NAME = re.compile(r"\b([A-Za-z]\w*) as \1\b|(__version__) as")
# A module that has a type of its own.
MODULE = re.compile(r"^([a-z]\w*): ", re.MULTILINE)


def listed(stub: str, package: str) -> dict[str, str]:
    """The names that the stub of a package re-exports, each with the module that defines it."""
    names = {
        name[1] or name[2]: module
        for module, block, line in IMPORT.findall(stub)
        for name in NAME.finditer(block or line)
    }
    return names | dict.fromkeys(MODULE.findall(stub), package)


class Package(ModuleType):
    """A package in which a public function is not hidden by the module of the same name that it comes from.

    An import of a module makes it an attribute of its package.
    """

    def __setattr__(self, name: str, value: Any) -> None:
        package = self.__name__
        if not isinstance(value, ModuleType) or self.__dict__["_listed"].get(name, package) == package:
            super().__setattr__(name, value)


def publish(namespace: dict[str, Any]) -> None:
    """Make the functions in ``__all__`` of a module, which is a family of its own, what those of packages are."""
    for name in namespace["__all__"]:
        namespace[name] = public(namespace[name], namespace["__name__"])


def public(value: Any, package: str) -> Any:
    """A function or class of a package as users see it."""
    if isinstance(value, type):
        described(value)
        init = value.__dict__.get("__init__")
        if isinstance(init, FunctionType):
            # the class itself is changed: it may already be known by another name
            setattr(value, "__init__", wrap(init, explain, None, value.__module__))  # noqa: B010
        return value
    if not isinstance(value, FunctionType):
        return value
    describe(value)
    return wrap(value, explain, None if package in UNLABELLED else labelled, package)


def described(kind: Kind) -> Kind:
    """A class with its docstrings written out: a decorator, for objects come from elsewhere than their package."""
    for value in (kind, *vars(kind).values()):
        describe(value)
    return kind


def describe(value: Any) -> None:
    """Write out the entries that a docstring refers to."""
    if MARK.search(getattr(value, "__doc__", None) or ""):
        from shortgamma._core.docs import expand

        value.__doc__ = expand(value.__doc__)


# What a wrong call is told, how labels are paired, what docstrings share: long to import and seldom needed.
def explain(
    function: Callable[..., Any], args: tuple[Any, ...], keywords: dict[str, Any], error: Exception
) -> Exception:
    from shortgamma._core.keywords import explain

    return explain(function, args, keywords, error)


def labelled(function: Callable[..., Any], args: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
    from shortgamma._core.labels import call

    return call(function, args, keywords)


def attach(namespace: dict[str, Any]) -> tuple[Callable[[str], Any], Callable[[], list[str]], list[str]]:
    """``__getattr__``, ``__dir__`` and ``__all__`` of the package that this is the namespace of."""
    package = namespace["__name__"]
    file = namespace["__file__"]
    stub = namespace["__loader__"].get_data(file[: file.rindex(".")] + ".pyi").decode()
    modules = listed(stub, package)
    namespace["_listed"] = modules
    sys.modules[package].__class__ = Package

    def load(name: str) -> Any:
        if name not in modules:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        module = modules[name]
        if module == package:
            namespace[name] = import_module(f"{package}.{name}")
        else:
            namespace[name] = public(getattr(import_module(module), name), package)
        return namespace[name]

    names = sorted(modules)
    return load, lambda: names, names
