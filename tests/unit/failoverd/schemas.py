# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The published schemas of what failoverctl prints. Here an unknown field is an error, too."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

import failoverd

FOLDER = Path(failoverd.__file__).parent / "control"


def closed(schema: Any) -> Any:
    """The same schema; objects have no field that it does not describe."""
    if isinstance(schema, list):
        return [closed(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    shut = {"additionalProperties": False} if "properties" in schema else {}
    return {**shut, **{name: closed(value) for name, value in schema.items()}}


def validator(name: str) -> Draft202012Validator:
    """Raises SchemaError if the file is no schema."""
    schema = json.loads((FOLDER / f"{name}.schema.json").read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(closed(schema))


def described(name: str) -> list[str]:
    """Every description in a schema; empty ones for values that lack one."""

    def within(schema: Any) -> list[str]:
        found = []
        for value in schema.get("properties", {}).values():
            found += [value.get("description", ""), *within(value), *within(value.get("items", {}))]
        return found

    return within(json.loads((FOLDER / f"{name}.schema.json").read_text(encoding="utf-8")))
