"""Losses: what is lost, how it is repaired, and whether it was lost at all.

scoreboard        in flight, arrived, lost                 ranges            sets of sequence numbers
detection  rack   what is lost: RFC 6675, RFC 8985         tail_probe        the last one is asked for
recovery  repair  how it is repaired; NewReno              rate_reduction    how much leaves meanwhile: PRR
undo              nothing was lost: Eifel, F-RTO, DSACK
"""
