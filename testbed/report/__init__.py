"""Runs for people to look at: tables, ladders, lines of text. Knows run folders and plans; knows no terminal.

folder       finding a run and reading its documents
tables       one run as tables; `sweep` many runs as one
exchange     one connection's segments put together (`connections` reads them); `ladder` draws it, `label` words it
rows         a trace as lines of text
plan         what a file comes to before it runs
states       the states that both ends of a connection went through
catalogue    what can be plugged in; `plots` is its table of pictures

series/      a run's rows as series: what charts are drawn of
plot/        charts for papers and notebooks, by matplotlib
page/        one HTML page about a run or a sweep
svg/         drawings by hand: the ladder, and the state diagram
"""
