"""Plots of many runs by what was set in them."""
