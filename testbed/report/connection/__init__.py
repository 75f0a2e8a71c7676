"""One connection of a run, put together from its rows.

choice      which connections a run's folder tells of, and which is meant
exchange    both ends' rows as arrows: what was sent, and what became of it
labels      what stands on an arrow
ladder      the exchange, drawn in the terminal (`svg.ladder` draws it into a file)
states      the states that both ends went through
"""
