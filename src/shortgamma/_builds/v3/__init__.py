"""Loops compiled for x86-64-v3."""
