"""The schema for editors says what the reader says."""

from __future__ import annotations

import json
from typing import Any

import pytest

from testbed.experiment.reading.json_schema import experiment_schema, field_docs
from testbed.experiment.spec import ExperimentKeys
from testbed.link.loss import LOSSES
from testbed.tcp.config import SETTINGS
from testbed.traffic import APPS


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return experiment_schema()


def test_it_is_json_and_closed(document: dict[str, Any]) -> None:
    assert json.loads(json.dumps(document)) == document
    assert document["additionalProperties"] is False


def test_it_has_every_key_every_application_and_every_setting(document: dict[str, Any]) -> None:
    assert {"topology", "traffic", "matrix", "expect", "hosts", "links"} <= set(document["properties"])
    assert list(document["$defs"]["tcp"]["properties"]) == list(SETTINGS)
    flows = document["$defs"]["flow"]["oneOf"]
    assert [flow["properties"]["app"]["const"] for flow in flows] == list(APPS)
    assert "size" in flows[0]["properties"]
    assert {"name", "app", "to", "from"} == set(flows[0]["required"])


def test_it_has_every_plug_of_a_link(document: dict[str, Any]) -> None:
    arms = document["$defs"]["link"]["properties"]["loss"]["anyOf"]
    assert [arm["properties"]["model"]["const"] for arm in arms if "properties" in arm] == list(LOSSES)


def test_every_property_is_described(document: dict[str, Any]) -> None:
    def undescribed(name: str, part: dict[str, Any]) -> list[str]:
        return [f"{name}.{key}" for key, value in part.get("properties", {}).items() if "description" not in value]

    parts = {"": document, **document["$defs"]}
    missing = [one for name, part in parts.items() for one in undescribed(name, part)]
    missing += [one for part in document["$defs"]["flow"]["oneOf"] for one in undescribed("flow", part)]
    assert not missing


def test_references_lead_somewhere(document: dict[str, Any]) -> None:
    text = json.dumps(document)
    for reference in {part.split('"')[0] for part in text.split('"#/$defs/')[1:]}:
        assert reference in document["$defs"]


def test_a_fields_docstring_is_its_description() -> None:
    assert field_docs(ExperimentKeys)["seed"].startswith("What all chance comes from.")


def test_it_has_every_form_of_a_sweep(document: dict[str, Any]) -> None:
    properties = document["properties"]
    listed, spread, ratios = properties["matrix"]["additionalProperties"]["anyOf"]
    assert (listed["type"], set(spread["required"]), set(ratios["required"])) == (
        "array", {"range"}, {"logspace", "points"},
    )  # fmt: skip
    assert properties["zip"]["anyOf"][0]["additionalProperties"] == properties["matrix"]["additionalProperties"]
    assert properties["include"]["items"]["minProperties"] == 1
    assert "until" in properties["repeat"]["anyOf"][1]["properties"]
