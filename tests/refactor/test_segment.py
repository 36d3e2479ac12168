"""A script is cut where a person began something new."""

from script_runs import plan_of

MODEL = "{0} = fit(X, y, w)\n{0}_pred = {0}.predict(Z)\n{0}_r2 = r2(z, {0}_pred)\nprint({0}_r2)\n"


def models(above):
    parts = "".join(f"{above} {name}\n{MODEL.format(name)}" for name in ("forest", "trees", "sgd"))
    return (
        "from a import fit, r2, load, show\n\n# load the data\nX, y, w, Z, z = load()\nprint(X)\n"
        f"{parts}\n# summary\nshow(forest_r2, trees_r2, sgd_r2, forest_pred, trees_pred)\n"
        "print(sgd_pred, forest, trees, sgd)\n"
    )


def begins(text):
    return [stage.pieces[0].heading.title for stage in plan_of(text).stages]


def test_a_title_above_a_paragraph_begins_a_stage_however_much_is_handed_on():
    assert begins(models("\n# the")) == [
        "load the data", "the forest", "the trees", "the sgd", "summary",
    ]  # fmt: skip


def test_a_comment_among_the_lines_does_not_where_much_is_handed_on():
    assert "the sgd" not in begins(models("# the"))


def test_a_remark_is_no_title():
    remark = "by now it is clear that this will not do for the"
    assert f"{remark} sgd" not in begins(models(f"\n# {remark}"))
