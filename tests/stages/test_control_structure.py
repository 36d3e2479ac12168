"""The three stages can be told apart by their control structure alone."""

import ast
from pathlib import Path

import pytest

import mlstages.stages
from mlstages.compare import count_code_lines

FOLDER = Path(mlstages.stages.__file__).parent
CODE_LINES_OF_A_SCREEN = {"monolith": 66, "composable": 60, "flow": 145}


def tree_of(stage):
    return ast.parse((FOLDER / f"{stage}.py").read_text())


def nodes(tree, *kinds):
    return [node for node in ast.walk(tree) if isinstance(node, kinds)]


def calls(tree):
    return [node.func.id for node in nodes(tree, ast.Call) if isinstance(node.func, ast.Name)]


@pytest.mark.parametrize("stage", ["monolith", "composable", "flow"])
def test_a_stage_is_on_one_screen(stage):
    source = (FOLDER / f"{stage}.py").read_text()
    assert count_code_lines(source) <= CODE_LINES_OF_A_SCREEN[stage]


@pytest.mark.parametrize("stage", ["monolith", "composable"])
def test_it_defines_one_function_and_no_type(stage):
    tree = tree_of(stage)
    assert [function.name for function in nodes(tree, ast.FunctionDef)] == ["run"]
    assert not nodes(tree, ast.ClassDef, ast.Lambda, ast.AsyncFunctionDef)


def test_the_monolith_prints_between_its_steps_and_the_composable_stage_never():
    in_order = calls(tree_of("monolith"))
    assert "print" in in_order[in_order.index("load_dataset") : in_order.index("evaluate_baseline")]
    assert "print" not in calls(tree_of("composable"))


def test_the_flow_is_a_class_with_the_well_known_steps():
    (flow,) = nodes(tree_of("flow"), ast.ClassDef)
    assert flow.name == "SampleRegressionFlow"
    assert [step.name for step in nodes(flow, ast.FunctionDef)] == [
        "start",
        "load_data",
        "check_dataset",
        "prepare_train_and_test_dataset",
        "train_model",
        "test_model",
        "end",
    ]


def test_a_step_of_the_flow_has_few_statements_and_no_maths():
    (flow,) = nodes(tree_of("flow"), ast.ClassDef)
    for step in nodes(flow, ast.FunctionDef):
        is_join = len(step.args.args) > 1  # and so has artifacts to merge
        assert len(step.body) - 1 <= 5 + is_join, step.name  # the docstring is none
        assert not nodes(step, ast.BinOp, ast.For, ast.While)
