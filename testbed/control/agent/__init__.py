"""An agent: the process that has some of an experiment's machines, and runs them by the wall clock.

`serve.serve` is its life: it takes part in the controller's runs until it is told goodbye.
"""
