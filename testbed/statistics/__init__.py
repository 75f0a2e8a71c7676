"""Arithmetic of samples: intervals, tests, effect sizes. It knows numbers only, and what they mean nowhere."""
