"""Runs in other people's formats. A format makes files of a run's folder; none knows where they will be put.

files      puts files where they are wanted, whole or not at all
flent      one data file, as flent writes it
iperf3     a JSON document a flow, as `iperf3 -J` prints it
xplot      a time-sequence graph for each end of a connection, as tcptrace draws it
tables     CSV: the summaries and every kind of rows
formats    which there are
"""
