"""Print how many scripts of each suite pass, by directory: `python tests/conformance/table.py [SUITE]… [--why]`."""

from __future__ import annotations

import sys
from collections import Counter, defaultdict
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))

from packetdrill.corpus import HERE, PROFILES, exceptions, judge, scripts

OUTCOMES = ("pass", "by rule", "exception", "fail")
"""`by rule` are those among the passed that needed a rule of the profile."""


def table(suite: str, why: bool) -> bool:
    """Print one suite's table; say whether nothing fails."""
    reasons = exceptions(suite)
    rows: dict[str, Counter[str]] = defaultdict(Counter)
    notes: dict[str, list[str]] = defaultdict(list)
    for path in scripts(suite):
        verdict = judge(path, suite, reasons)
        where = path.relative_to(HERE / suite)
        rows[where.parent.as_posix()][verdict.outcome] += 1
        rows[where.parent.as_posix()]["by rule"] += bool(verdict.rules)
        if verdict.outcome != "pass":
            notes[f"{verdict.outcome}: {verdict.text.strip()}"].append(where.as_posix())
        elif verdict.rules:
            notes["by rule: " + ", ".join(sorted(verdict.rules))].append(where.as_posix())
    rows["all"] = sum(rows.values(), Counter())
    width = max(map(len, rows))
    print(f"{suite:{width}}  " + "  ".join(f"{outcome:>9}" for outcome in OUTCOMES))
    for name, counts in rows.items():
        print(f"{name:{width}}  " + "  ".join(f"{counts[outcome]:>9}" for outcome in OUTCOMES))
    for note, names in notes.items() if why else ():
        print(f"\n{note}", *(f"  {name}" for name in names), sep="\n")
    return not rows["all"]["fail"]


def main(arguments: list[str]) -> int:
    """Exit status 1 if a script fails that has no exception."""
    suites = [name for name in arguments if not name.startswith("-")] or [
        name for name in PROFILES if (HERE / name).is_dir()
    ]
    good = [table(suite, "--why" in arguments) for suite in suites]
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
