"""Many processes: a controller, the agents that run the machines, and the messages between them.

The house within. Others see `clocks`; an agent is a process of its own, and imports only what it needs.

    clocks         how to make a trial under each clock        trial       a run in real time, as `carry_out` sees it
    headquarters   what outlives a run: the controller's loop, agents that have joined
    controller     one run: brings the agents together, starts, watches; `verdict`: how it is to end
    member         an agent, as the controller sees it         stillness   nothing is on its way any more
    orders         what each agent is told to build            spawn       agents as processes of ours
    agent/         the agent's side: its part of the world, by the wall clock
    messages       what they say to each other                 channel/    how; `join` and `secret`: who may
    collecting/    what agents leave, and how it becomes one run that counts, or not
"""
