"""What cannot be followed is not reused, and said; what only looks like it is reused."""

import pytest

from launch.reuse.flow_of_steps import make_flow
from launch.reuse.harness import run_with_reuse

# The body of a step, and what is said of it in the second run.
REFUSED = {
    "clock": ("self.x = time.time()", "reads the clock (time.time)"),
    "clock_in_helper": ("self.x = now()", "reads the clock (time.time) at __main__:"),
    "datetime_now": ("self.x = datetime.now()", "reads the clock (datetime.datetime.now)"),
    "clock_by_another_name": ("t = time.perf_counter\nself.x = t()", "reads the clock"),
    "module_handed_on": ("self.x = read_by(time)", "hands on time"),
    "open_by_path": ("self.x = open('data.txt').read()", "reads data.txt"),
    "open_in_helper": ("self.x = read('data.txt')", "reads data.txt"),
    "pathlib": ("self.x = pathlib.Path('data.txt').read_text()", "reads data.txt"),
    "path_exists": ("self.x = os.path.exists('data.txt')", "looks at data.txt"),
    "list_folder": ("self.x = sorted(os.listdir('.'))", "lists the folder ."),
    "glob_folder": ("self.x = sorted(map(str, pathlib.Path().glob('*.txt')))", "the folder"),
    "numpy_load": ("import numpy as np\nself.x = np.loadtxt('numbers.txt')", "numbers.txt"),
    "polars_reads": (
        "import polars\nself.x = polars.read_csv('numbers.txt').height",
        "numbers.txt",
    ),
    "polars_scans": (
        "import polars\nself.x = polars.scan_csv('numbers.txt').collect().height",
        "numbers.txt",
    ),
    "polars_writes": (
        "import polars\npolars.DataFrame({'a': [1]}).write_csv('made.csv')",
        "made.csv",
    ),
    "polars_draws": (
        "import polars\nself.x = polars.Series([1, 2, 3]).shuffle().to_list()",
        "draws random numbers",
    ),
    "write_file": ("open('out.txt', 'w').write('a')", "writes out.txt"),
    "current_folder": ("self.x = os.getcwd()", "asks for the current folder"),
    "process": ("self.x = subprocess.run(['true']).returncode", "starts a process"),
    "network": (
        "try:\n    urllib.request.urlopen('http://127.0.0.1:1/')\nexcept OSError:\n    pass",
        "uses the network",
    ),
    "host_name": ("self.x = socket.gethostname()", "socket.gethostname"),
    "chance": ("self.x = random.random()", "draws random numbers without a seed"),
    "numpy_chance": (
        "import numpy as np\nself.x = np.random.rand()",
        "draws random numbers without a seed",
    ),
    "numpy_generator": (
        "import numpy as np\nself.x = np.random.default_rng().random()",
        "without a seed",
    ),
    "chance_by_library": (
        "from sklearn.utils import check_random_state\nself.x = check_random_state(None).rand()",
        "draws random numbers from numpy.random",
    ),
    "seed_of_none": (
        "import numpy as np\nnp.random.seed(None)\nself.x = np.random.rand()",
        "without a seed",
    ),
    "seed_too_late": ("self.x = random.random()\nrandom.seed(1)", "draws random numbers"),
    "seed_not_reached": (
        "if not self.things:\n    random.seed(1)\nself.x = random.random()",
        "draws random numbers",
    ),
    "uuid4": ("self.x = uuid.uuid4().hex", "uuid.uuid4"),
    "secret": ("self.x = secrets.token_hex()", "secrets.token_hex"),
    "urandom": ("self.x = os.urandom(3)", "os.urandom"),
    "exec_text": ("exec('self.x = 1')", "runs code that is made of text"),
    "eval_text": ("self.x = eval('1')", "runs code that is made of text"),
    "dynamic_import": ("self.x = importlib.import_module('json').dumps(1)", "computed name"),
    "computed_variable": ("self.x = environ.get(self.name_of)", "by a computed name"),
    "whole_environment": ("self.x = len(dict(environ))", "by a computed name"),
    "run_id": ("self.x = current.run_id", "asks for current.run_id"),
    "arguments": ("self.x = sys.argv[0]", "sys.argv"),
    "other_run": ("self.x = Run", "reads other runs"),
    "inside_metaflow": ("self.x = self._current_step", "looks into Metaflow itself"),
    "metaflow_stack": ("self.x = [f.index for f in self._foreach_stack]", "looks into Metaflow"),
}

REUSED = {
    "polars_in_memory": (
        "import io\nimport polars\n"
        "self.x = polars.read_csv(io.BytesIO(b'a,b')).height + polars.read_csv(b'a').height"
    ),
    "clock_printed": "print(time.time(), datetime.now())",
    "run_id_printed": "print('run', current.run_id, f'{current.task_id}')",
    "seed_before": "random.seed(3)\nself.x = random.random()",
    "seed_in_a_branch": "if self.things:\n    random.seed(1)\nself.x = random.random()",
    "seed_in_helper": "self.x = seeded()",
    "numpy_seed": "import numpy as np\nnp.random.seed(3)\nself.x = float(np.random.rand())",
    "numpy_seeded_generator": "import numpy as np\nself.x = np.random.default_rng(3).random()",
    "random_object": "self.x = random.Random(3).random()",
    "file_not_taken": "if self.name_of == 'other':\n    self.x = open('data.txt').read()",
    "literal_variable": "self.x = os.environ.get('HARMLESS') or os.getenv('HARMLESS2')",
    "variable_in_brackets": "self.x = 'HARMLESS' in os.environ",
    "temporary_file": (
        "with tempfile.TemporaryDirectory() as folder:\n"
        "    path = pathlib.Path(folder, 'a')\n"
        "    path.write_text('b')\n"
        "    self.x = path.read_text()"
    ),
    "computed_attribute": "self.x = getattr(self, self.name_of)",
    "set_attribute": "setattr(self, 'x' + 'y', 1)",
    "lazy_import": "import json\nself.x = json.dumps(self.things)",
    "mutation": "self.things.append(3)",
    "method_of_artifact": "self.x = self.thing.double()",
    "flow_handed_on": "thing.fill(self)",
    "flow_name": "self.x = (current.flow_name, current.step_name)",
    "declared": "@reusable()|self.x = time.time()",
    "declared_file": "@reusable(files=['data.txt'])|self.x = open('data.txt').read()",
    "declared_key": "@reusable(key=lambda: 3)|self.x = uuid.uuid4().hex",
}

THING = """
class Thing:
    def __init__(self, size):
        self.size = size

    def double(self):
        return 2 * self.size


def fill(flow):
    flow.filled = len(flow.things)


def unrelated():
    return 1
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("refusals")
    bodies = {name: body for name, (body, _why) in REFUSED.items()} | REUSED
    text = make_flow(bodies).replace(
        "class Refused", "def read_by(clock):\n    return clock.time()\n\n\nclass Refused"
    )
    (folder / "flow.py").write_text(text)
    (folder / "thing.py").write_text(THING)
    (folder / "data.txt").write_text("data")
    (folder / "numbers.txt").write_text("1 2")
    return folder


@pytest.fixture(scope="module")
def second(folder):
    """Return the second of two runs of the flow as it is, both as ``mlstages run`` has them."""
    run_with_reuse(folder, "--with", "fork")
    return run_with_reuse(folder, "--with", "fork")


def test_what_cannot_be_followed_is_run_again_and_said_and_the_rest_is_reused(second):
    wrong = {
        name: second.why(name)
        for name, (_body, why) in REFUSED.items()
        if name not in second.rerun or why not in second.why(name)
    }
    assert not wrong
    assert {name: second.why(name) for name in REUSED if name in second.rerun} == {}
    assert all(task.why for task in second.tasks if not task.is_reused)


def test_a_declared_file_and_a_class_within_an_artifact_run_again_who_reads_them(tmp_path):
    names = ("declared_file", "declared_key", "method_of_artifact", "mutation")
    (tmp_path / "flow.py").write_text(make_flow({name: REUSED[name] for name in names}))
    (tmp_path / "thing.py").write_text(THING)
    (tmp_path / "data.txt").write_text("data")
    run_with_reuse(tmp_path)
    (tmp_path / "data.txt").write_text("other data")
    (tmp_path / "thing.py").write_text(THING.replace("2 * self", "3 * self"))
    # The step `start` makes the thing, so it reaches the class by name.
    assert run_with_reuse(tmp_path).rerun == ["start", "declared_file", "method_of_artifact"]
