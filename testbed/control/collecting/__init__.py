"""What agents leave, put together: an agent's `part`, how it is `gather`ed, whether it counts (`validity`), and who
does it when the controller has been killed (`heir`).
"""
