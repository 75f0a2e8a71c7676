"""Where the testbed meets event loops: the only room that may know one.

`virtual` lets ordinary coroutines live in virtual time; `stall` says who waits for what when nothing can happen
any more; `streams` gives coroutines readers and writers over our sockets, under any event loop.
"""
