"""Runs for people and for other programs to read: tables, pictures, pages, files. Knows no terminal.

tables       one run as tables; `sweep` many runs as one, `comparison` their settings beside each other
answers      tables of the store as lines of text; `rows` a trace as such; `sockets` what `testbed ss` shows
axes         what axes are called where people look, and the order of their values
plan         what a file comes to before it runs
catalogue    what can be plugged in; `plots` is its table of pictures

connection/  one connection: its exchange put together, as a ladder in the terminal, and its states
series/      a run's rows as series: what charts are drawn of
plot/        charts for papers and notebooks, by matplotlib
page/        one HTML page about a run or a sweep
svg/         drawings by hand: the ladder, and the state diagram
export/      other people's formats: flent, iperf3, xplot, CSV
ci/          what CI servers read: JUnit XML, Markdown
"""
