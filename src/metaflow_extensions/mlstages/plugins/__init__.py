"""What Metaflow looks up by name in every process that imports it: names only.

All logic is in `mlstages.launch`. Nothing of mlstages is imported here: this folder travels
with each code package, also to machines where mlstages itself is not installed.
"""

STEP_DECORATORS_DESC = [
    ("fork", ".fork_decorator.ForkDecorator"),
    ("raw_artifacts", ".raw_artifacts_decorator.RawArtifactsDecorator"),
    ("reuse", ".reuse_decorator.ReuseDecorator"),
    ("srun", ".srun_decorator.SrunDecorator"),
]
