"""Run folders, asked.

folder      finding the runs that someone means, and reading their documents; `running` those in progress
index       the documents of all runs below a folder, kept in a file beside them
results     all runs below a folder as something to ask
frames      documents as tables           traces     rows of many runs as one table
sql         questions over both, with names and quantities as they are written elsewhere
"""
