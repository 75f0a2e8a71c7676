"""How an experiment is written: text to values with places, files to one document, values to fields.

`yaml_loader` reads YAML; `document` is what comes of it, with the paths that change it; `gather` makes one of an
experiment and its topology; `overrides` puts in what the command line sets; `reader` checks values against specs, and
gathers what is wrong. Of a sweep, `axes` has the axes, `spread` the values between two others, `repeat` the
repetitions, and `sweep` all combinations; `label` is what axes and values are called. `pieces` cuts a text at commas.
Nothing here knows what a link is.
"""
