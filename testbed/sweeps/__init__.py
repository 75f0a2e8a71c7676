"""A plan carried out: all its runs, on all cores or a cluster, and again from where it stopped.

    run         carry_out: the plan's way, from its first run to what it came to
    ledger      which runs are missing and which are done       earlier    what was done before, taken over
    folder      the experiment's folder while it grows          precision  how many repetitions are enough
    carrier     whoever makes runs; `Here` is this process      standing   how far it is, to be told
    lanes       on this computer's cores                        lane       one worker process, replaced when it dies
    cluster     on a Dask cluster                               worker     that process: runs as stdin says

A run is the same wherever it is made, to the last byte of its trace.
"""
