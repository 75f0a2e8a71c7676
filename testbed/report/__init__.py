"""Runs for people to look at: tables, ladders, lines of text. Knows run folders and plans; knows no terminal.

folder       finding a run and reading its documents
tables       one run as tables; `sweep` many runs as one
exchange     one connection's segments put together (`connections` reads them); `ladder` draws it, `label` words it
rows         a trace as lines of text
plan         what a file comes to before it runs
catalogue    what can be plugged in; `plots` is its table of pictures
"""
