"""What a person has composed is cut as it was: a stage for each method of an object."""

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
    plan = plan_of(own + "a = loadData()\nshowData(a)\n")
    assert [step.name for step in plan.steps] == ["load_data", "show_data"]
    assert [stage.name for stage in plan.stages] == ["loadData", "showData"]
