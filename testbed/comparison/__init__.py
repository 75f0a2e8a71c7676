"""Runs compared: by setting, or with an earlier version; how large the difference is, and how sure we are."""
