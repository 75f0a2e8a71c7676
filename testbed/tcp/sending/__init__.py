"""What a sender does: what leaves now, what an acknowledgement brings about, what a timer does.

sender            SND.UNA, SND.NXT, and the parts          beginning         what it starts with
send_buffer       bytes until acknowledged                 transmission      what leaves now
segmentizer       Nagle, silly windows                     pacing            when the next may leave
acknowledgement   the steps of an ACK, in order            timeouts          RTO, window probes
rtt               SRTT, RTTVAR, RTO                        peer_window       how much the peer takes
delivery          how fast data arrives
"""
