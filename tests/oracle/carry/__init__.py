"""Twins of the carry family."""
