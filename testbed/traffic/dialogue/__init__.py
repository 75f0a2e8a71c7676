"""Both ends of a connection, acting by a script: how the lessons are written.

`script` is the language; `spec` what a file says; `end` one actor, made of `turns` (whose turn it is), `talk` (what
a step does to the connection) and `hands` (the reading and the writing that take longer than an instant).

Each end has the whole script and keeps its own place in it. It acts where a step is its own, tells the other (its
`cue`) when it has finished one, and moves on when every end that a step belongs to has. Neither sees the other's
object, so that they may live in different processes.
"""
