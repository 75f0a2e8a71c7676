"""Runs compared: by setting, or with an earlier version; how large the difference is, and how sure we are.

measure     one number of a run: which, in what unit, and which way is better
warm_up     the same, reckoned from the rows without the beginning of a run
planned     what their experiments' folders say of all runs: their order, what was set for all
factors     axes that advance together, and are compared together
grouping    runs by setting and circumstances; who is left out, and why; who is whose pair
judge       two settings: their difference, interval, p-value, effect
verdict     the same in a sentence
result      what comes of it all
compare     settings with each other
versions    runs with those of an earlier version
"""
