"""Collections of scripts, and what is known to differ in them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from packetdrill.freebsd import FreeBSD
from packetdrill.linux import Linux
from packetdrill.parser import parse
from packetdrill.plain import Plain
from packetdrill.profile import Profile
from packetdrill.runner import Runner
from packetdrill.script import Mismatch, Unsupported

HERE = Path(__file__).parents[1]

PROFILES: dict[str, type[Profile]] = {profile.name: profile for profile in (FreeBSD, Linux, Plain)}
"""A folder of scripts is played with the profile of its name."""


@dataclass(frozen=True)
class Verdict:
    """How a script went: "pass", "exception" (it differs, and `exceptions.yaml` says why) or "fail".

    `rules` are those of the profile (`Profile.equivalent`) without which it would not have passed.
    """

    outcome: str
    text: str = ""
    rules: frozenset[str] = frozenset()


def scripts(suite: str) -> list[Path]:
    """The scripts of a suite, in order."""
    return sorted((HERE / suite).rglob("*.pkt"))


def exceptions(suite: str) -> dict[str, str]:
    """Reasons by script, relative to the suite's folder; a pattern may stand for several."""
    groups = yaml.safe_load((HERE / "exceptions.yaml").read_text()) or {}
    reasons = {}
    for group in groups.get(suite) or []:
        for pattern in group["scripts"]:
            found = [path for path in scripts(suite) if path.relative_to(HERE / suite).match(pattern)]
            if not found:
                raise LookupError(f"exceptions.yaml: no script of {suite} matches {pattern!r}")
            reasons |= {path.relative_to(HERE / suite).as_posix(): group["reason"] for path in found}
    return reasons


def play(path: Path, profile: type[Profile], **options: Any) -> frozenset[str]:
    """Run one script; return the profile's rules that it leaned on. Raises `Mismatch`, `Unsupported`, `ScriptError`."""
    script = parse(path.read_text(), profile.defined)
    personality = profile(script)
    Runner(script, personality, **options).run()
    return frozenset(personality.leaned_on)


def judge(path: Path, suite: str, reasons: dict[str, str], **options: Any) -> Verdict:
    """Run one script and compare with what is known of it. An exception that is none any more fails."""
    reason = reasons.get(path.relative_to(HERE / suite).as_posix())
    try:
        rules = play(path, PROFILES[suite], **options)
    except (Mismatch, Unsupported) as difference:
        return Verdict("exception", reason) if reason else Verdict("fail", str(difference))
    if reason:
        return Verdict("fail", f"it passes now: remove it from exceptions.yaml ({reason})")
    return Verdict("pass", rules=rules)
