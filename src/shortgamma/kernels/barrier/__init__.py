"""Formulas of barrier options."""
