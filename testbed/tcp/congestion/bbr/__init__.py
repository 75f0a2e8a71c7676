"""BBR: send as fast as the path delivers, with as much in flight as it takes to keep it busy, and no more.

Other controls wait until a queue overflows (Reno, CUBIC) or grows (Vegas). BBR keeps a model of the path instead: the
bandwidth is the most that was delivered lately, the delay without a queue the shortest round trip seen lately, and
their product is what must be in flight. Both cannot be measured at once: only who sends too fast sees the bandwidth,
only who sends little sees the delay without a queue. So it goes through states that do the one or the other:

               +---> Startup ----> Drain ----> ProbeBW -------------------+
               |     double the    let the     cruise at the bandwidth,   |
               |     rate          queue go    push up now and then       |
               |                                  ^                       |
               +------------- ProbeRTT <----------|-----------------------+
                              drain the queue, ---+
                              measure the delay

Two versions, which share `filters`, `rounds`, `model`, `probe_rtt` and the frame, `control`:

    draft   what the IETF is writing down (draft-ietf-ccwg-bbr, called version 3): it heeds losses. `startup`,
            `probe_bw` and the bounds that losses set, for long (`long_term`) and for the moment (`short_term`)
    v1      the first, which Linux has: it does not, but for `policer`

The names are the drafts', without `BBR`, `C` (the connection) and `RS` (`rs`, the sample of an acknowledgement).
"""
