"""From files to specs: `load` makes a plan of an experiment; the others read a part each."""
