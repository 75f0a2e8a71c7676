"""Arithmetic of samples: intervals, tests, effect sizes. It knows numbers only, and what they mean nowhere.

intervals      how far a mean may be off
difference     how far two settings lie apart, with an interval and a p-value: Student's and Welch's t
permutation    the same by shuffling, for groups whose values repeat
holm           p-values of several comparisons at once
effect         Cliff's delta, and its size in a word
power          how many runs would show a difference

Why these: docs/statistics.md.
"""
