"""Pictures for papers and notebooks, by matplotlib: one look, one file a plot. The table is `report.plots`.

plot         what a plot is, and what can be asked of it
picture      the house's look, and how a figure becomes the same bytes every time
marks        units on axes, lines for many flows, legends beside the data
choice       which ends and links are meant
settings     the runs of a sweep by what was set
drawn        pictures that are drawn by hand, not by matplotlib: `report.svg`
over_time/   one run: cwnd, rtt, goodput, in flight, queue, sequence
over_runs/   many runs: scatter, cdf, box, heat, time series
"""
