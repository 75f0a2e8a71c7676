"""From an experiment's file to a run's folder.

spec         everything that an experiment says, key by key; `spec_json` on its way to another process
language/    text -> one document, with the place of every value
reading/     files -> a plan: the spec of every run of a sweep (`load`; a module for each part of a file)
expect/      what must be true of a run
world/       spec -> hosts, links and flows around a clock; who listens to them, and what is found at the end
run          one run done, and what is written of it; `trial` is one in virtual time, `status` how it ended
key          what a run depends on, as one number
folder       what they leave on the disk; `layout` what its parts are called; `abandoned` what killed processes left
"""
