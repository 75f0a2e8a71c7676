"""From a spec to what happens: `world` builds hosts, links and flows around a clock; the others look at it."""
