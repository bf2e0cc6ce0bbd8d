"""Validates TOML files against a JSON Schema (draft-04).

usage: validate_schema.py SCHEMA FILE...
Prints "ok FILE" or "wrong FILE: where: why" for each, in the order given.
"""

import json
import sys
import tomllib

import jsonschema


def main() -> None:
    with open(sys.argv[1], encoding="utf-8") as stream:
        schema = json.load(stream)
    jsonschema.Draft4Validator.check_schema(schema)
    validator = jsonschema.Draft4Validator(schema)
    for path in sys.argv[2:]:
        with open(path, "rb") as stream:
            document = tomllib.load(stream)
        error = jsonschema.exceptions.best_match(validator.iter_errors(document))
        if error is None:
            print(f"ok {path}")
        else:
            where = "/".join(str(part) for part in error.absolute_path)
            print(f"wrong {path}: {where}: {error.message[:300]}")


main()
