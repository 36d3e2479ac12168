"""What a person has composed is cut as it was: a stage for each method of an object."""

from mlstages.refactor.flow_layout import lay_out
from script_runs import functions_of, plan_of, printed_by

CLASS = """
class Shop:
    def __init__(self):
        self.rows = [3, 1, 2]

    def clean(self):
        self.rows.sort()

    def features(self):
        \"\"\"Square the rows.\"\"\"
        self.double()

    def double(self):
        self.squared = [row * row for row in self.rows]

    def tell(self, word):
        print(word, self.squared)
        return len(word)


"""
CALLS = (
    CLASS
    + """
shop = Shop()
print("cleaning")
shop.clean()
shop.features()
length = shop.tell("squares")
print(length)
"""
)


def test_each_method_is_a_stage_by_its_name_and_gives_what_it_changes():
    plan = plan_of(CALLS)
    told = {stage.name: (stage.inputs, stage.results) for stage in plan.stages}
    assert told["clean"] == (("shop",), ("shop",))
    assert told["features"] == (("shop",), ("shop",))  # by another method that it calls
    assert told["tell"] == (("shop",), ("length",))
    text = functions_of(CALLS)
    assert '"""Square the rows."""' in text
    assert printed_by(text) == printed_by(CALLS) == "cleaning\nsquares [1, 4, 9]\n7\n"


def test_two_methods_or_one_called_again_are_no_composition():
    for more in ("shop.clean()\nshop.features()\n", "shop.clean()\n" * 3):
        plan = plan_of(CLASS + "shop = Shop()\n" + more)
        assert len(plan.stages) <= 2


def test_a_step_has_no_capitals_where_methods_or_functions_have():
    text = CALLS.replace("features", "makeFeatures").replace("clean", "cleanRows")
    assert {"clean_rows", "make_features"} < {step.name for step in plan_of(text).steps}
    own = "def loadData():\n    return [1]\n\n\ndef showData(a):\n    print(a)\n\n\n"
    plan = plan_of(own + "a = loadData()\nshowData(a)\nb = loadData()\n")
    assert [stage.name for stage in plan.stages][1] == "showData"
    assert [step.name for step in lay_out(plan)][1] == "show_data"


def test_a_step_without_latin_letters_is_named_by_what_it_does():
    text = """
        import numpy as np

        np.random.seed(0)

        # 生成数据
        a = np.random.rand(20)
        b = 2 * a

        # 划分数据
        train, test = a[:10], a[10:]
        print(train.mean(), test.mean())

        # 输出
        print(b.sum())
    """
    plan = plan_of(text)
    names = [step.name for step in lay_out(plan)]
    assert len({*names}) == len(names) == 4
    assert all(name.isascii() and "step" not in name for name in names)
    assert "生成数据" in [stage.name for stage in plan.stages]
