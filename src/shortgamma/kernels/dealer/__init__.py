"""Formulas of dealer exposures."""
