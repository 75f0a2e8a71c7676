"""One self-contained page of a run, or of a sweep: verdicts, charts, parameters. Readable offline, for ever.

report       what is asked for, and the file that it becomes
run          the page of one run; `sweep` that of many
markup/      HTML, SVG, the whole document: head, styles, scripts
time/        charts that share one axis of time, and the time-sequence graph
network/     the topology as a picture
verdicts headline parameters provenance
             the other sections, one each; `shortened` is a spec for embedding
assets/      our own styles and scripts, and uPlot as its authors published it
"""
