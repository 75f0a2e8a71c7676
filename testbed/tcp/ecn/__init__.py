"""Explicit congestion notification: what both SYNs say of it, marks echoed as RFC 3168 has it, marks counted."""
