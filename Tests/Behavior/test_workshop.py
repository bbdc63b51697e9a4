"""The commands of those who write documents."""
import json
import os
import subprocess

import pytest
from appliance import ROOT, pao

KINDS = ["item", "bundle", "update", "upgrade", "flat"]


@pytest.fixture
def starters(tmp_path):
    for kind in KINDS:
        assert pao("catalog", "init", kind, tmp_path / "catalog").returncode == 0
    return tmp_path / "catalog"


def test_the_help_is_the_golden_one():
    golden = ROOT / "Tests/Behavior/golden/catalog-help.txt"
    printed = pao("catalog", "--help").stdout
    if os.environ.get("UPDATE_GOLDEN") == "1":
        golden.write_text(printed)
    assert printed == golden.read_text()


def test_what_init_writes_is_valid_and_never_overwritten(starters):
    done = pao("catalog", "validate", starters)
    assert (done.returncode, done.stdout) == (0, "5 documents, 0 errors, 0 warnings\n")
    assert pao("catalog", "init", "item", starters).returncode == 1
    assert pao("catalog", "init", "castle", starters).returncode == 2


def test_fix_changes_spelling_only_and_says_what(tmp_path):
    assert pao("catalog", "init", "flat", tmp_path).returncode == 0
    document = next(tmp_path.glob("*.yaml"))
    wrong = document.read_text().replace("retry_policy", "retry_polcy").replace('"HttpPost"', '"HttpPst"')
    document.write_text(wrong)
    done = pao("catalog", "validate", "--fix", document)
    assert done.returncode == 1 and "There is no step type HttpPst" in done.stdout
    assert "fixed: retry_polcy -> retry_policy [unknown-key]" in done.stderr
    assert document.read_text() == wrong.replace("retry_polcy", "retry_policy")


def test_files_are_checked_against_each_other(starters):
    bundle, item = starters / "my-bundle.yaml", starters / "my-service.yaml"
    alone = pao("catalog", "validate", bundle)
    assert alone.returncode == 0 and "Not looked for" in alone.stdout and "my-service" in alone.stdout
    together = pao("catalog", "validate", bundle, item)
    assert (together.returncode, together.stdout) == (0, "2 documents, 0 errors, 0 warnings\n")
    item.write_text(item.read_text().replace("id: instanceName", "id: somethingElse").replace("fields.instanceName", "fields.somethingElse"))
    broken = pao("catalog", "validate", bundle, item)
    assert broken.returncode == 1 and "my-service has no field instanceName" in broken.stdout


def test_a_rendering_test_begins_with_data_that_the_form_takes(starters):
    for document in sorted(starters.glob("*.yaml")):
        assert pao("catalog", "test", document, "--update").returncode == 0
        begun = document.with_suffix(".expected.yaml").read_text()
        assert "findings:" not in begun and "error:" not in begun, begun


def test_diff_against_a_commit_and_against_a_directory(starters):
    def git(*words):
        subprocess.run(["git", "-C", starters.parent, "-c", "user.name=t", "-c", "user.email=t@example.com", *words], check=True,
                       capture_output=True)
    git("init", "-q", "-b", "main")
    git("add", "-A")
    git("commit", "-q", "-m", "first")
    same = pao("catalog", "diff", "HEAD", starters)
    assert (same.returncode, same.stdout) == (0, "0 documents changed, 0 errors, 0 warnings\n")
    path = starters / "my-service.yaml"
    path.write_text(path.read_text().replace("enum: [small, large]", "enum: [small]").replace("value: large", "value: small"))
    changed = pao("catalog", "diff", "main", starters)
    assert changed.returncode == 1
    assert "breaking: field size: takes large no longer" in changed.stdout
    assert "error: The version is still 1.0.0; this change makes it at least 2.0.0." in changed.stdout
    as_json = pao("catalog", "diff", "main", "--format", "json", cwd=starters.parent)
    assert [change["id"] for change in json.loads(as_json.stdout)["changes"]] == ["my-service"]
    assert pao("catalog", "diff", starters, starters).returncode == 0
    assert pao("catalog", "diff", "--upload-pack=x", starters).returncode == 2
    assert "nor a commit" in pao("catalog", "diff", "nowhere", starters).stderr


def test_expected_renderings_are_begun_kept_and_compared(starters):
    document, expected = starters / "my-service.yaml", starters / "my-service.expected.yaml"
    assert pao("catalog", "test", starters).returncode == 1
    assert pao("catalog", "test", document, "--update").returncode == 0
    expected.write_text("cases: [{name: small, requestData: {instanceName: orders}}]")
    assert pao("catalog", "test", starters, "--update").returncode == 0
    done = pao("catalog", "test", starters)
    assert (done.returncode, done.stdout) == (0, f"ok     {expected}: small\n1 cases, 0 failed\n")
    document.write_text(document.read_text().replace("Make {{fields", "Build {{fields"))
    done = pao("catalog", "test", document)
    assert done.returncode == 1
    assert '  manual.task.title\n    - "Make orders (small)"\n    + "Build orders (small)"\n' in done.stdout


def test_a_template_of_backstage_becomes_a_document(tmp_path):
    template = ROOT / "Tests/CatalogTests/Fixtures/backstage/service-template.yaml"
    done = pao("catalog", "import", "backstage", template)
    assert done.returncode == 0
    assert done.stdout == (template.parent / "service-item.yaml").read_text()
    assert done.stderr == (template.parent / "service-report.txt").read_text()
    output = tmp_path / "item.yaml"
    assert pao("catalog", "import", "backstage", template, "--output", output).returncode == 0
    assert pao("catalog", "validate", output).returncode == 0
    assert pao("catalog", "import", "backstage", template, "--output", output).returncode == 1
