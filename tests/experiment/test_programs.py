"""Programs of guests are found and looked at before anything runs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from testbed.errors import ConfigError
from testbed.experiment import spec_json
from testbed.experiment.folder import resolved
from testbed.experiment.reading.load import Plan, load

PROGRAM = """
async def client(size, *, often=1): ...
async def server(**anything): ...
def plain(): ...
"""

Check = Callable[[str], Plan]


@pytest.fixture
def check(tmp_path: Path) -> Check:
    """Loads an experiment with one guest, of which these keys are given."""

    def checked(keys: str) -> Plan:
        (tmp_path / "guest.py").write_text(PROGRAM)
        (tmp_path / "x.yaml").write_text(
            "topology: {hosts: [a, b], links: {l: {ends: [a, b]}}}\ntraffic:\n"
            f"  - {{name: web, app: guest, from: a, to: b, {keys}}}\n"
        )
        return load(tmp_path / "x.yaml")

    return checked


WRONG = {
    "client: guest.py": "web.client: a program is a Python file and a coroutine function in it, e.g. 'client.py:main'",
    "client: 'gest.py:client'": "web.client: there is no program 'gest.py' (did you mean 'guest.py'?)",
    "client: 'guest.py:cleint'": "guest.py has no coroutine function 'cleint' (did you mean 'client'?)",
    "client: 'guest.py:plain'": "guest.py:4: 'plain' is not a coroutine function (write 'async def plain')",
    "client: 'guest.py:client'": "web.client: 'client' needs 'size' (client_arguments: {size: …})",
    "client: 'guest.py:client', client_arguments: {size: 1, oftn: 2}": (
        "web.client_arguments.oftn: 'client' takes no 'oftn' (did you mean 'often'?)"
    ),
    "server: 'guest.py:server', server_arguments: {x: [1]}": "'x' is a text, a number, true or false, not [1]",
    "server: 'guest.py:server', client_arguments: {x: 1}": "web.client_arguments: are for a client, and there is none",
    "start: 1s": "a guest needs a program: client, server or both",
}


@pytest.mark.parametrize("keys", WRONG)
def test_what_is_wrong_is_said_with_its_remedy(check: Check, keys: str) -> None:
    with pytest.raises(ConfigError) as caught:
        check(keys)
    (problem,) = caught.value.problems
    assert WRONG[keys] in str(problem)
    assert "x.yaml:3:" in str(problem)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"x = 1\nasync def main(:\n    pass\n", "bad.py:2:16: traffic.web.client: invalid syntax"),
        (b"# \xff\n", "bad.py:1:1: traffic.web.client: is not UTF-8"),
        (b"x = '\0'\n", "bad.py:1:1: traffic.web.client: source code string cannot contain null bytes"),
    ],
)
def test_a_program_that_python_cannot_read_is_named_with_the_line(
    check: Check, tmp_path: Path, content: bytes, expected: str
) -> None:
    (tmp_path / "bad.py").write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        check("client: 'bad.py:main'")
    assert expected in str(caught.value)


def test_a_program_travels_with_the_spec_and_is_kept_by_its_name(check: Check, tmp_path: Path) -> None:
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "guest.py").write_text("async def main(): ...\n")
    plan = check("client: 'guest.py:client', client_arguments: {size: 5}, server: 'lib/guest.py:main'")
    (planned,) = plan.runs
    assert plan.files["guest.py"].decode() == PROGRAM
    assert plan.files["2-guest.py"] == b"async def main(): ...\n"
    assert spec_json.from_json(spec_json.to_json(planned.spec)) == planned.spec
    flow = resolved(planned.spec)["traffic"]["web"]
    assert (flow["client"], flow["client_arguments"]) == ("guest.py:client", {"size": 5})
