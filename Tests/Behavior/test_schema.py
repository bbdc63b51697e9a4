"""`pao schema validate` against the official suite and against another implementation."""
import json
import random
import re
import subprocess
import sys
from pathlib import Path

import pytest
from appliance import ROOT, by_scale, pao
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

CHECK = Path(sys.executable).with_name("check-jsonschema")
SUITE = ROOT / "Tests/DocumentsTests/Fixtures/json-schema-test-suite/draft2020-12"


def refused(directory, schema, data, *options):
    """The places in `data` of what is not valid, asked of one process."""
    (directory / "schema.json").write_text(json.dumps(schema))
    files = []
    for number, value in enumerate(data):
        files.append(directory / f"{number}.json")
        files[-1].write_text(json.dumps(value))
    done = pao("schema", "validate", directory / "schema.json", *files, *options)
    assert done.returncode in (0, 1), done.stdout + done.stderr
    found = {int(number) for number in re.findall(rf"^{re.escape(str(directory))}/(\d+)\.json: ", done.stdout, re.MULTILINE)}
    assert (done.returncode == 1) == bool(found)
    return found


@pytest.mark.parametrize("file", sorted(SUITE.rglob("*.json")), ids=lambda path: str(path.relative_to(SUITE)))
def test_the_official_suite(tmp_path, file):
    """Formats are asserted, so the cases that take them for annotations alone do not hold."""
    for group in json.loads(file.read_text()):
        tests = [test for test in group["tests"] if not test["description"].endswith("is only an annotation by default")]
        expected = {number for number, test in enumerate(tests) if not test["valid"]}
        assert refused(tmp_path, group["schema"], [test["data"] for test in tests]) == expected, group["description"]


CASES = [group for path in sorted((SUITE.parents[1] / "schema-cases").glob("*.json")) for group in json.loads(path.read_text())]


@pytest.mark.parametrize("group", CASES, ids=lambda group: group["description"])
def test_the_command_says_of_each_case_what_the_standard_says(tmp_path, group):
    options = []
    for number, (uri, schema) in enumerate(group.get("resources", {}).items()):
        (tmp_path / f"resource-{number}").write_text(json.dumps(schema))
        options += ["--resource", f"{uri}={tmp_path}/resource-{number}"]
    valid = len(group["valid"])
    assert refused(tmp_path, group["schema"], group["valid"] + group["invalid"], *options) == {*range(valid, valid + len(group["invalid"]))}


def test_given_resources_are_found_and_nothing_is_fetched(tmp_path):
    remote = tmp_path / "remote"
    (remote / "nested").mkdir(parents=True)
    (remote / "integer.json").write_text('{"type": "integer"}')
    (remote / "nested/list.json").write_text('{"items": {"$ref": "../integer.json"}}')
    schema = {"$ref": "http://schemas.example/nested/list.json"}
    option = ("--resource", f"http://schemas.example/={remote}")
    assert refused(tmp_path, schema, [[1], ["a"], 5], *option) == {1}
    one = ("--resource", f"http://schemas.example/nested/list.json={remote}/nested/list.json",
           f"--resource=http://schemas.example/integer.json={remote}/integer.json")
    assert refused(tmp_path, schema, [[1], ["a"]], *one) == {1}
    done = pao("schema", "validate", tmp_path / "schema.json", tmp_path / "0.json")
    assert done.returncode == 2 and "nothing is fetched" in done.stdout
    assert pao("schema", "validate", tmp_path / "schema.json", tmp_path / "0.json", "--resource", "nonsense").returncode == 2


class Author:
    """Writes schemas of every keyword that hang together, and data that they have something to say about."""

    def __init__(self, seed):
        self.random = random.Random(seed)

    def value(self, depth=3):
        pick = self.random.choice
        kind = self.random.randrange(8 if depth else 6)
        if kind == 6:
            return [self.value(depth - 1) for _ in range(self.random.randrange(4))]
        if kind == 7:
            return {pick("abcd"): self.value(depth - 1) for _ in range(self.random.randrange(4))}
        return pick([None, True, False, 0, 1, 2, 2.0, 1.5, -1, 10, "", "a", "b", "aa", "a1", "ä", "🐲"])

    def schema(self, depth=3):
        if depth == 0 or self.random.random() < 0.08:
            return self.random.choice([True, False, {}, {"type": "integer"}, {"const": 1}])
        made = {}
        for _ in range(self.random.randint(1, 4)):
            made.update(self.keyword(depth - 1))
        return made

    def some(self, depth):
        return [self.schema(depth) for _ in range(self.random.randint(1, 3))]

    def named(self, depth, names):
        return {name: self.schema(depth) for name in self.random.sample(names, self.random.randint(1, 2))}

    def keyword(self, depth):
        pick, number = self.random.choice, self.random.randrange
        name = pick([
            "type", "enum", "const", "multipleOf", "maximum", "exclusiveMinimum", "maxLength", "minLength", "pattern", "maxItems", "minItems",
            "uniqueItems", "maxProperties", "minProperties", "required", "dependentRequired", "allOf", "anyOf", "oneOf", "not", "if",
            "dependentSchemas", "prefixItems", "items", "contains", "properties", "patternProperties", "additionalProperties", "propertyNames",
            "unevaluatedItems", "unevaluatedProperties", "$ref", "$dynamicRef", "properties", "prefixItems", "allOf", "anyOf"])
        match name:
            case "type": value = pick([["string", "null"], "integer", "number", "object", "array", "boolean"])
            case "enum": value = [self.value(1) for _ in range(3)]
            case "const": value = self.value(1)
            case "multipleOf": value = pick([1, 2, 0.5])
            case "maximum" | "exclusiveMinimum": value = number(3)
            case "pattern": value = pick(["^a", "\\d", "^.$", "b|ä"])
            case "uniqueItems": value = True
            case "required": value = self.random.sample("abcd", 2)
            case "dependentRequired": value = {pick("ab"): [pick("cd")]}
            case "allOf" | "anyOf" | "oneOf" | "prefixItems": value = self.some(depth)
            case "if":
                return {"if": self.schema(depth), "then": self.schema(depth), "else": self.schema(depth)}
            case "contains":
                return {"contains": self.schema(depth), **pick([{}, {"minContains": 0}, {"minContains": 2, "maxContains": 3}])}
            case "dependentSchemas" | "properties": value = self.named(depth, "abcd")
            case "patternProperties": value = self.named(depth, ["^a", "[bc]", "d$"])
            case "$ref": value = pick(["#/$defs/one", "#two", "leaf"])
            case "$dynamicRef": value = pick(["#node", "#two", "leaf#node"])
            case "maxLength" | "minLength" | "maxItems" | "minItems" | "maxProperties" | "minProperties": value = number(3)
            case _: value = self.schema(depth)
        return {name: value}

    def document(self):
        """References lead to definitions that refer to nothing, so that nothing refers to itself without end."""
        leaf = {"$id": "leaf", "$dynamicAnchor": "node", "properties": {"a": {"type": "integer"}}, "items": {"$dynamicRef": "#node"}}
        root = self.schema()
        root = root if isinstance(root, dict) else {"allOf": [root]}
        definitions = {
            "one": {"properties": {"a": True, "b": {"minimum": 1}}, "prefixItems": [True]},
            "two": {"$anchor": "two", "anyOf": [{"required": ["c"], "properties": {"c": True}}, {"properties": {"d": True}}, {"type": "array"}]},
            "three": {"$dynamicAnchor": "node", "not": {"const": self.value(1)}}, "leaf": leaf}
        return {"$id": "https://schemas.example/root", "$defs": definitions, **root}


@pytest.mark.parametrize("seed", range(by_scale(60, 600)))
def test_another_implementation_says_the_same(tmp_path, seed):
    author = Author(seed)
    schema, data = author.document(), [author.value() for _ in range(60)]
    Draft202012Validator.check_schema(schema)
    peer = Draft202012Validator(schema)
    assert refused(tmp_path, schema, data) == {number for number, value in enumerate(data) if not peer.is_valid(value)}, schema


SCHEMAS = ROOT / "schemas"
KINDS = {"CatalogItem": "catalog-item", "CatalogBundle": "catalog-bundle", "UpdateItem": "update-item", "UpgradeItem": "upgrade-item"}


def test_our_schemas_are_schemas(tmp_path):
    done = subprocess.run([CHECK, "--check-metaschema", *SCHEMAS.glob("*.json")], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    metaschema = {"$ref": "https://json-schema.org/draft/2020-12/schema"}
    assert refused(tmp_path, metaschema, [json.loads(path.read_text()) for path in SCHEMAS.glob("*.json")]) == set()


def schema_of(document):
    kind = document.get("kind") if isinstance(document, dict) else None
    return KINDS.get(kind, "flat-item" if isinstance(document, dict) and kind is None and "name" in document else None)


def refused_by_peer(schema, files):
    """The names of the files that check-jsonschema refuses."""
    path = SCHEMAS / f"{schema}.json"
    done = subprocess.run(
        [CHECK, "--base-uri", path.as_uri(), "--schemafile", path, "-o", "JSON", *files], capture_output=True, text=True)
    return {Path(error["filename"]).name for error in json.loads(done.stdout)["errors"]}


def refused_by_us(schema, files):
    options = ["--resource", f"definitions.json={SCHEMAS}/definitions.json"]
    done = pao("schema", "validate", SCHEMAS / f"{schema}.json", *files, *options)
    assert done.returncode in (0, 1), done.stdout
    return {Path(line.split(": ")[0]).name for line in done.stdout.splitlines()}


def assert_agreement(documents):
    """Of documents by their files' names."""
    by_schema = {}
    for file, document in documents.items():
        if schema := schema_of(document):
            by_schema.setdefault(schema, []).append(file)
    assert by_schema
    for schema, files in by_schema.items():
        assert refused_by_us(schema, files) == refused_by_peer(schema, files), schema
    return by_schema


def parsed(text):
    try:
        return [document for document in YAML(typ="safe").load_all(text) if document is not None]
    except YAMLError:
        return []


def test_check_jsonschema_agrees_on_the_seed_catalog(tmp_path):
    documents = {}
    for path in (ROOT / "seed/catalog").rglob("*.yaml"):
        for document in parsed(path.read_text()):
            file = tmp_path / f"{len(documents)}.yaml"
            file.write_text(path.read_text())
            documents[file] = document
    agreed = assert_agreement(documents)
    assert set(agreed) >= {"catalog-item", "catalog-bundle", "update-item", "upgrade-item"}
    assert not any(refused_by_us(schema, files) for schema, files in agreed.items())


def test_check_jsonschema_agrees_on_the_mutations(tmp_path):
    originals = {"spec-canonical": (ROOT / "Tests/CatalogTests/Fixtures/spec-canonical.yaml").read_text()}
    for kind in ("bundle", "update", "upgrade", "flat"):
        assert pao("catalog", "init", kind, tmp_path / kind).returncode == 0
        originals[kind] = next((tmp_path / kind).iterdir()).read_text()
    documents = {}
    for number, mutation in enumerate(json.loads((ROOT / "Tests/CatalogTests/Fixtures/mutations.json").read_text())):
        text = originals[mutation["document"]].replace(mutation["old"], mutation["new"], 1)
        for document in parsed(text):
            file = tmp_path / f"{number}.yaml"
            file.write_text(text)
            documents[file] = document
    assert sum(map(len, assert_agreement(documents).values())) > 180


OTHERS = [ROOT / "Tests/CatalogTests/Fixtures/seeds/catalog", ROOT / "Tests/CatalogTests/Fixtures/strangers",
          ROOT / "Tests/Behavior/catalog", ROOT / "Tests/Behavior/others"]


def test_check_jsonschema_agrees_on_other_peoples_documents_and_mistakes(tmp_path):
    """Each document of a file by itself; dates as the texts that they were."""
    documents = {}
    for path in sorted(path for folder in OTHERS for path in folder.rglob("*.yaml")):
        for document in parsed(path.read_text()):
            file = tmp_path / f"{len(documents)}.json"
            file.write_text(json.dumps(document, default=str))
            documents[file] = document
    agreed = assert_agreement(documents)
    assert set(agreed) == {*KINDS.values(), "flat-item"} and sum(map(len, agreed.values())) > 50
    assert any(refused_by_us(schema, files) for schema, files in agreed.items())
