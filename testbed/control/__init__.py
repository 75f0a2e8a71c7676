"""Many processes: a controller, the agents that run the machines, and the messages between them.

`CLOCKS` is how a run is made under each clock.
"""

from __future__ import annotations

from typing import Final

from testbed.experiment.run import VIRTUAL, Trials

CLOCKS: Final[Trials] = {**VIRTUAL}
"""By the experiment's `clock`."""
