"""Twins of the funding family."""
