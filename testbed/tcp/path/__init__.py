"""The path: what ICMP says and whether to believe it, how large a packet may be, and how to find out."""
