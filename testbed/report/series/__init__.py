"""A run's rows as series: what charts are drawn of, on paper and on a page. Knows the trace; knows no picture.

series       one quantity over time, and how to thin it
flows        each end of a connection: cwnd, ssthresh, rtt, rto, in flight, goodput
links        each direction of a link: its queue, drops and marks
sequence     a connection's time-sequence graph
rows         columns of the trace as arrays; sequence numbers that do not wrap
"""

from testbed.report.series.flows import bin_width, flow_series
from testbed.report.series.links import link_series
from testbed.report.series.sequence import SequenceGraph, sequence_graph
from testbed.report.series.series import Series, thin

__all__ = ["SequenceGraph", "Series", "bin_width", "flow_series", "link_series", "sequence_graph", "thin"]
