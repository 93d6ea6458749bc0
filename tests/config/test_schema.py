"""The JSON Schema says the same as the command: what one refuses, the other refuses, as far as a schema can."""

import glob
import json
import os

import pytest

yaml = pytest.importorskip("yaml", reason="python3-yaml is missing: tools/install-packages test")
jsonschema = pytest.importorskip("jsonschema", reason="python3-jsonschema is missing: tools/install-packages test")

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BAD = os.path.join(ROOT, "tests", "config", "bad")


class Loader(yaml.SafeLoader):
    """Booleans are true and false alone, as in YAML 1.2, which is what editors read."""


Loader.yaml_implicit_resolvers = {
    first: [(tag, regexp) for tag, regexp in resolvers if tag != "tag:yaml.org,2002:bool"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
Loader.add_implicit_resolver("tag:yaml.org,2002:bool", yaml.resolver.re.compile("^(true|false)$"), list("tf"))


def read(path):
    with open(path, encoding="utf-8") as file:
        return yaml.load(file, Loader)


@pytest.fixture(scope="session", name="validator")
def _validator():
    with open(os.path.join(ROOT, "config", "allot.schema.json"), encoding="utf-8") as file:
        schema = json.load(file)
    jsonschema.Draft7Validator.check_schema(schema)
    return jsonschema.Draft7Validator(schema)


@pytest.mark.parametrize("name", ["file", "redis", "full"])
def test_the_samples_are_valid(validator, name):
    validator.validate(read(os.path.join(ROOT, "config", f"allot.{name}.yaml")))


def test_the_defaults_are_valid(validator):
    def check(schema):
        for name, part in schema.get("properties", {}).items():
            if "default" in part:
                jsonschema.Draft7Validator(part).validate(part["default"])
            assert part["description"], name
            check(part)

    check(validator.schema)


@pytest.mark.parametrize("text", [
    "",
    "lease:\nslot: {}",
    "lease: { ttl: 1m30s }\nslot: { weight: '${WEIGHT}' }\nlog: { ids: \"${IDS:-true}\" }",
    "lease: { ttl: '${TTL}', quarantine: '${Q}' }\ngroup: ${GROUP:-x}\nsplit: { strategy: '${S}' }",
    "split: { options: { seed: 7, text: x, flag: true, half: 0.5 } }",
    "backend: { type: etcd, etcd: { endpoints: a, retries: 5 } }",
    "backend: { redis: { url: 'unix:///x', key_prefix: '' }, memory: {} }",
])
def test_what_the_command_takes_is_valid(validator, text):
    validator.validate(yaml.load(text, Loader))


# What a schema cannot know: ranges of durations, lengths in bytes, what was written twice, a slip in a module's name,
# and what readers of YAML 1.1 take for numbers.
BEYOND = {"type-range", "type-text", "type-integer-forms", "key-duplicate", "key-backend-near", "key-complex"}
# How many complaints of a transcript a schema cannot have, for the same reasons.
NOT_SEEN = {"type-integer": 1, "type-option": 1}
REFUSED = sorted({os.path.basename(path)[:-len(".yaml")] for kind in ("key", "type", "root")
                  for path in glob.glob(os.path.join(BAD, f"{kind}-*.yaml"))} - BEYOND)


def complaints_of(error):
    """Unknown keys of one section are one error of the schema."""
    if error.validator != "additionalProperties":
        return 1
    return sum(key not in error.schema["properties"] for key in error.instance)


@pytest.mark.parametrize("name", REFUSED)
def test_what_the_command_refuses_is_invalid(validator, name):
    errors = list(validator.iter_errors(read(os.path.join(BAD, f"{name}.yaml"))))
    with open(os.path.join(BAD, f"{name}.txt"), encoding="utf-8") as file:
        complaints = [line for line in file if line.startswith(f"{name}.yaml:") and ": error: " in line]
    assert errors and complaints
    assert sum(map(complaints_of, errors)) >= len(complaints) - NOT_SEEN.get(name, 0), [e.message for e in errors]
