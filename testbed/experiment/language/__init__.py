"""How an experiment is written: text to values with places, files to one document, values to fields.

`yaml_loader` reads YAML; `document` is what comes of it, with the paths that change it; `gather` makes one of an
experiment, its topology and all overrides; `sweep` takes the axes apart; `reader` checks values against specs, and
gathers what is wrong.
Nothing here knows what a link is.
"""
