"""What runs elsewhere, as far as it can be read here: workflows, and the forms of a hosted repository."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[1]
GITHUB = ROOT / ".github"
WORKFLOWS = sorted((GITHUB / "workflows").glob("*.yml"))
FORMS = sorted(each for each in (GITHUB / "ISSUE_TEMPLATE").glob("*.yml") if each.stem != "config")


def read(file: Path) -> dict[Any, Any]:
    return dict(yaml.safe_load(file.read_text(encoding="utf-8")))


def steps(workflow: Path) -> list[dict[str, Any]]:
    return [step for job in read(workflow)["jobs"].values() for step in job["steps"]]


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda file: file.stem)
def test_actions_are_what_they_were_when_they_were_read(workflow: Path) -> None:
    """A tag can be moved to other code; a digest cannot. The comment says which release it is."""
    used = re.findall(r"uses: (.*)", workflow.read_text(encoding="utf-8"))
    assert len(used) == sum("uses" in step for step in steps(workflow))
    assert [each for each in used if not re.fullmatch(r"actions/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", each)] == []


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda file: file.stem)
def test_a_workflow_may_only_read_but_for_what_it_says(workflow: Path) -> None:
    described = read(workflow)
    assert described["permissions"] == {"contents": "read"}
    granted = {name: job["permissions"] for name, job in described["jobs"].items() if "permissions" in job}
    release = {"wheel": {"contents": "write"}, "image": {"contents": "read", "packages": "write"}}
    assert granted == (release if workflow.stem == "release" else {})


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda file: file.stem)
def test_commands_of_workflows_exist(workflow: Path) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    commands = [line for step in steps(workflow) for line in step.get("run", "").splitlines()]
    assert commands
    for target in re.findall(r"make (\w+)", "\n".join(commands)):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
    for script in re.findall(r"^(\.\S+)", "\n".join(commands), re.MULTILINE):
        assert (ROOT / script).stat().st_mode & 0o111, script
    # What others choose, such as the name of a branch, is data and never a part of a command.
    assert "${{" not in "".join(commands)


def test_ci_runs_every_python_that_the_package_names() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    named = re.findall(r"Python :: (3\.\d+)", " ".join(project["classifiers"]))
    matrix = read(GITHUB / "workflows" / "ci.yml")["jobs"]["test"]["strategy"]["matrix"]["python"]
    assert matrix == named
    assert project["requires-python"] == f">={named[0]}"
    assert read(GITHUB / "workflows" / "weekly.yml")["jobs"]["newest"]["strategy"]["matrix"]["python"] == [
        named[0],
        named[-1],
    ]


def test_ci_leaves_out_no_check() -> None:
    run = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    (checks,) = re.findall(r"^check: ([\w ]+?) ##", makefile, re.MULTILINE)
    assert {*checks.split(), "package", "postgres", "faults", "browser"} == set(
        re.findall(r"^make (\w+)", run, re.MULTILINE)
    )


@pytest.mark.parametrize("form", FORMS, ids=lambda file: file.stem)
def test_a_form_can_be_filled_in(form: Path) -> None:
    described = read(form)
    assert described.keys() == {"name", "description", "labels", "body"}
    asked = [each for each in described["body"] if each["type"] != "markdown"]
    assert {each["type"] for each in asked} <= {"input", "textarea"}
    assert all(re.search("[\u4e00-\u9fff]", each["attributes"]["label"]) for each in asked), "in both languages"
    assert len({each["id"] for each in asked}) == len(asked)
    assert any(each.get("validations", {}).get("required") for each in asked)


def test_make_help_names_every_target() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    (phony,) = re.findall(r"^\.PHONY: ((?:.*\\\n)*.*)$", makefile, re.MULTILINE)
    explained = re.findall(r"^(\w+):.*?## \S", makefile, re.MULTILINE)
    assert sorted(explained) == sorted(set(phony.replace("\\", " ").split()))
