"""Virtual links: what a wire and the queue before it do to packets. Sans-IO; knows no host and no TCP.

`link` is one direction; what it is made of stands beside it, in the order in which a packet meets it:

    drop_rule    exact packets that are lost, before anything else
    qdisc/       the queue before the serialiser            QDISCS
    rate         the serialiser, which takes its time
    loss/        chance loss after it                       LOSSES
    corruption   flipped bits
    delay        the way, and its jitter                    JITTERS
    reorder      packets held back, so that others overtake them

`spec` is all of that as written in a file; `impairments` keeps the parts that chance moves, each with its own
random stream.
"""
