"""Formulas: inline functions (``.pxd``) and the C headers under them, to be used with ``cimport``."""
