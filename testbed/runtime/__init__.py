"""Where the testbed meets event loops: the only room that may know one.

`virtual` lets ordinary coroutines live in virtual time; `stall` says who waits for what when nothing can happen
any more; `streams` gives coroutines readers and writers over our sockets, under any event loop. `guests` runs programs
of the user's own on the hosts of a world, and is what `testbed.streams` shows them; `program` has their text come to
life.

`real` drives the clock by the wall: `waker` and `timerfd` have the loop call back in time, and `lateness` keeps how
late it was. `tunnel` leads a link to another process, `gso` makes its datagrams cheap.
"""
