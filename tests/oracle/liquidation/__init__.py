"""Twins of the liquidation family."""
