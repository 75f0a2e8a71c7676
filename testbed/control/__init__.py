"""Many processes: a controller, the agents that run the machines, and the messages between them.

The house within. Others see `clocks`; an agent is a process of its own, and imports only what it needs.

    clocks         how to make a trial under each clock        trial       a run in real time, as `run_plan` sees it
    headquarters   what outlives a run: the controller's loop, agents that have joined
    controller     one run: brings the agents together, starts, watches; `verdict`: how it is to end
    member         an agent, as the controller sees it         stillness   nothing is on its way any more
    orders         what each agent is told to build            spawn       agents as processes of ours
    agent/         the agent's side: its part of the world, by the wall clock
    messages       what they say to each other                 channel/    how; `join` and `secret`: who may
    part  gather   what each leaves, and how it becomes one    heir        who does that if the controller is gone
    validity       whether a run was too late to be believed
"""
