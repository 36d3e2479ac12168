"""What only defines stays at the head of the module, a lambda or a wrapped function, too."""

from script_runs import functions_of, plan_of, printed_by

WRAPPED = """
import functools
import math

print("begin")
MODELS = {"double": lambda x: 2 * x, "root": lambda x: math.sqrt(x)}


def counted(function):
    @functools.wraps(function)
    def wrapper(*args):
        print("called", function.__name__)
        return function(*args)
    return wrapper


@counted
def load(n):
    return list(range(n))


@counted
def apply(name, xs):
    return [MODELS[name](x) for x in xs]


# Load
xs = load(4)
print(xs)

# Transform
doubled = apply("double", xs)
print(doubled)

# Report
print(sum(apply("root", doubled)) > 3)
"""


def test_wrapped_functions_and_lambdas_of_imports_stay_at_the_head():
    plan = plan_of(WRAPPED)
    assert len(plan.stages) >= 3
    text = functions_of(WRAPPED)
    assert text.index("MODELS = {") < text.index("@counted\ndef load") < text.index("def main")
    assert printed_by(text) == printed_by(WRAPPED)


def test_a_decorator_that_does_more_acts_where_it_stands():
    text = WRAPPED.replace("    return wrapper", "    print('wrapped')\n    return wrapper")
    assert printed_by(functions_of(text)) == printed_by(text)
    assert "\n@counted\ndef load" not in functions_of(text)


def test_a_lambda_that_reads_what_is_computed_stays_where_it_is():
    text = (
        "a = int('3')\nfor _ in range(2):\n    a += 1\n"
        "f = {'x': lambda: a}\na = 7\nprint(f['x']())\n"
    )
    assert printed_by(functions_of(text)) == printed_by(text) == "7\n"
