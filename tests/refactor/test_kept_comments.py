"""Comments of the script that are in no docstring stay comments."""

from script_runs import functions_of


def test_a_comment_that_the_docstring_does_not_tell_stays():
    text = functions_of("""
        import math

        # Load the numbers
        x = [math.sqrt(n) for n in range(5)]
        print(x)

        # X is what was measured in the garden
        y = [2 * n for n in x]
        print(y)

        # Evaluation
        error = max(y) - max(x)
        print(error)
    """)
    assert "    # X is what was measured in the garden\n    y = [2" in text
    assert "# Evaluation" not in text
    assert "# Load the numbers" not in text
