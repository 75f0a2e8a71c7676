"""Everybody who listens to a world: the rows, the meters, the captures, as the experiment wants them."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Generic, TypeVar

from testbed.experiment.spec import ExperimentSpec
from testbed.metrics.meters import Meters
from testbed.trace.captures import Captures
from testbed.trace.recorder import Recorder
from testbed.trace.tracer import Tracer

AnyRecorder = TypeVar("AnyRecorder", bound=Recorder)


class Recording(Generic[AnyRecorder]):
    """Of a whole world, or, with `machines`, of a part; into `folder`. `epoch` (ns since 1970) is when it began."""

    def __init__(
        self,
        spec: ExperimentSpec,
        folder: Path,
        recorder: type[AnyRecorder],
        machines: Collection[str] | None = None,
        epoch: int = 0,
    ) -> None:
        self.meters = Meters()
        self._captures = _captures(spec, folder, machines, epoch)
        names = {machine.address: machine.name for machine in spec.topology.machines.values()}
        also: list[Tracer] = [self.meters, *([self._captures] if self._captures is not None else [])]
        self.recorder = recorder(folder, kinds=vars(spec.trace), names=names, also=also)

    def close_captures(self) -> None:
        """Finish their files."""
        if self._captures is not None:
            self._captures.close()


def _captures(spec: ExperimentSpec, folder: Path, machines: Collection[str] | None, epoch: int) -> Captures | None:
    wanted = spec.capture
    if wanted.format == "none":
        return None
    chosen = [name for name in wanted.machines or spec.topology.machines if machines is None or name in machines]
    directions = [one for link in spec.topology.links.values() for one in link.directions]
    return Captures(
        folder / "captures", file_format=wanted.format, machines=chosen,
        senders={name: sender for name, sender, _, _ in directions}, epoch=epoch,
    )  # fmt: skip
