"""What is seen of runs while they go on.

telling     whom to tell of progress: a drawing on a terminal, a line now and then elsewhere
live        the drawing: how far it is, every flow, every link direction with a queue
pace        how fast a run goes, out of its snapshots
"""
