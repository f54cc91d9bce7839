"""Intruder dimensions and the singular vectors around them."""
