"""A plan carried out: all its runs, on all cores or a cluster, and again from where it stopped."""
