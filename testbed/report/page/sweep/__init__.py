"""The page of many runs: which setting is better, by how much, and how sure that is.

page         the sections in their order
table        the runs as numbers: axes, settings, flows, values; `offer` is what a reader can choose of them
verdicts     what was expected, and what came of it
comparisons  the settings beside each other, in words and in numbers
settings     medians and intervals by setting
scatter distributions heat multiples
             the pictures; `listing` has the runs themselves
"""
