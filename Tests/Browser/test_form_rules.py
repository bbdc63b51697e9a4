"""The golden cases of the form rules, in the browser that people use (form-cases.mjs runs the same in node)."""

import json
from pathlib import Path

CASES = Path(__file__).parents[1] / "CatalogTests" / "Fixtures" / "form-cases.json"

RUN = """
async (cases) => {
    const { validate, visibleFields } = await import('/lib/validation.js');
    return cases.map(({ form, values }) => ({
        errors: validate(form, values).map(({ field, rule }) => ({ field, rule })),
        visible: visibleFields(form, values),
    }));
}
"""


def test_every_golden_case_agrees(page):
    cases = json.loads(CASES.read_text())
    answers = page.evaluate(RUN, cases)
    wrong = [
        (case["name"], answer) for case, answer in zip(cases, answers)
        if answer["errors"] != case["errors"] or answer["visible"] != case["visible"]
    ]
    assert len(cases) >= 190 and wrong == []
