"""Over time: `charts` that zoom together, the time-`sequence` graph; `packing` makes both short."""
