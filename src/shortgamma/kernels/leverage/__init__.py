"""Formulas of leveraged products."""
