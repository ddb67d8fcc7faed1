"""Formulas of margin and liquidation."""
