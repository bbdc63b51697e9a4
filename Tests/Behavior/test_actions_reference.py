"""docs/actions.md: every action type has a working example, and every field that the schema takes is spoken of."""
import json
import re
import textwrap

import pytest
from appliance import ROOT, pao

PAGE = (ROOT / "docs/actions.md").read_text()
SCHEMA = json.loads((ROOT / "schemas/definitions.json").read_text())["$defs"]
TYPES = SCHEMA["action"]["properties"]["type"]["enum"]
CONFIGS = {
    "rest-api": "restConfig", "jira-ticket": "jiraConfig", "manual-task": "taskConfig", "terraform": "terraformConfig",
    "github-workflow": "githubConfig", "gitlab-pipeline": "gitlabConfig", "servicenow-ticket": "servicenowConfig", "email": "emailConfig",
    "webhook": "webhookConfig"}


def section(type):
    return re.search(rf"^## {re.escape(type)}\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)[1]


def examples(type):
    return re.findall(r"```yaml\n(.*?)```", section(type), re.DOTALL)


def document(actions):
    """A document around actions of an example."""
    return """kind: CatalogItem
metadata: {id: example, name: Example, version: 1.0.0, category: compute, owner: {team: platform},
  description: A document around the example of the reference that is long enough to be one.}
presentation:
  form:
    groups:
      - id: main
        name: Main
        fields:
          - {id: name, type: string, required: true}
          - {id: size, type: integer, default: 1}
fulfillment:
  strategy: {mode: automatic}
  manual: {actions: [{id: by-hand, type: manual-task, config: {title: Do}}]}
  automatic:
    actions:
""" + textwrap.indent(actions, "      ")


@pytest.mark.parametrize("type", TYPES)
def test_the_example_of_each_type_loads_without_a_finding(tmp_path, type):
    found, = examples(type)
    assert f"  type: {type}\n" in found
    (tmp_path / "compute").mkdir()
    (tmp_path / "compute/example.yaml").write_text(document(found))
    done = pao("catalog", "validate", tmp_path)
    assert done.stdout.strip() == "1 documents, 0 errors, 0 warnings" and done.returncode == 0, done.stdout


@pytest.mark.parametrize("type", TYPES)
def test_every_field_of_each_type_is_spoken_of(type):
    config = SCHEMA[CONFIGS[type]]
    ticket = config["properties"].get("ticket", {}).get("properties", {})
    missing = [field for field in [*config["properties"], *ticket] if not re.search(rf"\b{field}\b", section(type))]
    assert missing == []
