"""The JSON Schema of a form, as another implementation reads it."""
import json
from decimal import Decimal

from appliance import ROOT
from jsonschema import Draft202012Validator

CASES = ROOT / "Tests/CatalogTests/Fixtures/form-cases.json"


def exact(text):
    """JSON with decimals instead of binary fractions, whose multiples the other implementation does not find."""
    return json.loads(text, parse_float=lambda digits: int(Decimal(digits)) if Decimal(digits) % 1 == 0 else Decimal(digits))


def without_components(form):
    if isinstance(form, dict):
        return {key: without_components(value) for key, value in form.items() if key != "component"}
    return [without_components(one) for one in form] if isinstance(form, list) else form


def test_another_implementation_says_of_every_golden_case_what_the_service_says(api, make):
    wrong, refused = [], 0
    for case, values in zip(json.loads(CASES.read_text()), [case["values"] for case in exact(CASES.read_text())]):
        document = {**make.item(make.call()), "presentation": {"form": without_components(case["form"])}}
        answer = api.post("/preview/form", raw=json.dumps(document).encode(), headers={"Content-Type": "application/yaml"})
        if answer.status == 422:  # the case asks about a form that no document may have
            refused += 1
            continue
        schema = exact(answer.body)["jsonSchema"]
        Draft202012Validator.check_schema(json.loads(answer.body)["jsonSchema"])
        expected = case["errors"] == [] or "schemaTakesMore" in case
        if case["name"].startswith(("pattern: ", "condition matches ")):  # its regular expressions are Python's
            continue
        if Draft202012Validator(schema).is_valid(values) != expected:
            wrong.append((case["name"], schema, values))
    assert [name for name, _, _ in wrong] == [] and refused < 25
