"""Run folders, asked: finding runs, an index over them, tables of their summaries and rows."""
