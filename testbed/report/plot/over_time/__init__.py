"""Plots of one run over time."""
