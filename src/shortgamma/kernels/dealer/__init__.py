"""Formulas of perpetual funding."""
