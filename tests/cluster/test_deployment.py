"""What is compiled for Argo Workflows and Airflow: the content, since neither runs here."""

import ast
import json
import sys
from pathlib import Path

import pytest

import mlstages.stages

pytestmark = pytest.mark.cluster

FLOW_FILE = Path(mlstages.stages.__file__).with_name("flow.py")
STEPS = ["start", "load_data", "check_dataset", "prepare_train_and_test_dataset"]
STEPS += ["train_model", "test_model", "end"]
PARAMETERS = {"dataset", "dataset_name", "dataset_path", "dataset_sha256", "target", "header"}
PARAMETERS |= {"target_range", "test_split", "random_state", "features", "alphas", "folds"}


@pytest.fixture
def compile_flow(s3_store, run_process, tmp_path):
    pytest.importorskip("kubernetes", reason="Argo and Airflow need the package kubernetes")

    def compile_to(*command):
        options = ("--no-pylint", "--datastore", "s3", "--with", "kubernetes:image=our/image:1")
        finished = run_process(
            [sys.executable, str(FLOW_FILE), *options, *command],
            tmp_path,
            METAFLOW_USER="ada",
            **s3_store,
        )
        assert finished.exit_code == 0, finished.stderr
        return finished.stdout

    return compile_to


def test_argo_is_given_images_commands_resources_and_parameters(compile_flow):
    workflow = json.loads(compile_flow("argo-workflows", "create", "--only-json"))
    assert workflow["kind"] == "WorkflowTemplate"
    parameters = {
        parameter["name"]: parameter["value"]
        for parameter in workflow["spec"]["arguments"]["parameters"]
    }
    assert set(parameters) >= PARAMETERS
    assert (parameters["test_split"], parameters["random_state"]) == ("0.2", "42")
    assert "s3://metaflow/runs" in parameters["dataset"]
    templates = {template["name"]: template for template in workflow["spec"]["templates"]}
    (handed_out,) = (name for name in templates if name.endswith("-foreach-shares"))
    assert [task["name"] for task in templates[handed_out]["dag"]["tasks"]] == ["train-model"]
    for step in STEPS:
        container = templates[step.replace("_", "-")]["container"]
        assert container["image"] == "our/image:1"
        assert container["command"][:2] == ["bash", "-c"]
        assert f"step {step} --run-id argo-" in container["command"][2]
        requests = container["resources"]["requests"]
        assert float(requests["memory"].removesuffix("M")) == 4096
        assert float(requests["cpu"]) == (2 if step == "train_model" else 1)


def test_airflow_is_given_the_same(compile_flow, tmp_path):
    compile_flow("airflow", "create", "dag.py")
    tree = ast.parse((tmp_path / "dag.py").read_text())
    (config,) = (
        ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and node.targets[0].id == "CONFIG"
    )
    assert config["graph_structure"] == [*STEPS[:4], [["train_model"]], *STEPS[5:]]
    parameters = {
        parameter["name"]: parameter["default"] for parameter in config["metaflow_params"]
    }
    assert set(parameters) >= PARAMETERS
    assert (parameters["test_split"], parameters["random_state"]) == (0.2, 42)
    for step in STEPS:
        arguments = config["states"][step]["operator_args"]
        assert arguments["image"] == "our/image:1"
        assert f"step {step} --run-id airflow-" in arguments["cmds"][2]
        cpu = 2 if step == "train_model" else 1
        assert float(arguments["resources"]["requests"]["cpu"]) == cpu
