"""Names whose meaning no reading of the code can tell: the clock, chance, code made of text.

What a step does to files, to the network and to other processes is not looked for here: it
is watched while the step runs (`watch`), and the same code with the same inputs does the same
again. These names leave no such trace.
"""

from collections.abc import Iterable
from typing import Final

from mlstages.launch.reuse.source import Use

_CLOCK: Final = "reads the clock"
_CHANCE: Final = "draws random numbers without a seed"
_DYNAMIC: Final = "runs code that is made of text"
_IMPORT: Final = "imports by a computed name"
_PROCESS: Final = "asks about this process or machine"
_FILES: Final = "reads or writes files"
_HISTORY: Final = "reads other runs"
_INPUT: Final = "asks the user"

_REASONS: Final = {
    **dict.fromkeys(
        (
            *(f"time.{name}" for name in ("time", "time_ns", "perf_counter", "perf_counter_ns")),
            *(f"time.{name}" for name in ("monotonic", "monotonic_ns", "process_time")),
            *(f"time.{name}" for name in ("process_time_ns", "thread_time", "localtime")),
            *(f"time.{name}" for name in ("gmtime", "ctime", "asctime", "strftime", "tzname")),
            *("datetime.datetime.now", "datetime.datetime.utcnow", "datetime.datetime.today"),
            *("datetime.date.today", "pandas.Timestamp.now", "pandas.Timestamp.today"),
            *("pandas.Timestamp.utcnow", "timeit"),
        ),
        _CLOCK,
    ),
    **dict.fromkeys(
        (
            *("secrets", "uuid.uuid1", "uuid.uuid4", "os.urandom", "os.getrandom"),
            *("random.SystemRandom", "random.seed", "numpy.random.seed"),
            *("numpy.random.SeedSequence", "numpy.random.default_rng", "numpy.random.RandomState"),
            *("numpy.random.PCG64", "numpy.random.MT19937", "random.Random"),
            *("torch.rand", "torch.randn", "torch.randint", "torch.randperm", "torch.normal"),
        ),
        _CHANCE,
    ),
    **dict.fromkeys(("builtins.exec", "builtins.eval", "builtins.compile"), _DYNAMIC),
    **dict.fromkeys(("runpy", "code", "builtins.globals", "types.FunctionType"), _DYNAMIC),
    **dict.fromkeys(("builtins.__import__", "importlib", "imp", "sys.modules"), _IMPORT),
    **dict.fromkeys(("pkgutil", "pkg_resources"), _IMPORT),
    **dict.fromkeys(
        (
            *("os.getpid", "os.getppid", "os.getlogin", "os.getuid", "os.uname"),
            *("os.times", "os.getloadavg", "sys.argv", "sys.orig_argv", "socket.gethostname"),
            *("getpass", "platform.node", "platform.uname", "psutil", "resource"),
            *("sys._getframe", "inspect.stack", "inspect.currentframe"),
            *("pathlib.Path.home", "threading.get_ident"),
        ),
        _PROCESS,
    ),
    # Libraries that read by themselves, past Python's own open(), which is watched.
    **dict.fromkeys(
        (
            *("pyarrow", "h5py", "tables", "netCDF4", "cv2", "duckdb", "connectorx", "fsspec"),
            *("boto3", "botocore", "psycopg2", "psycopg", "pymysql", "pymongo", "redis", "grpc"),
            *("pyspark", "pycurl", "ctypes", "cffi", "mmap", "posix", "soundfile", "fitsio"),
            *("xgboost.DMatrix", "lightgbm.Dataset", "catboost.Pool", "lxml", "safetensors"),
            *("tokenizers", "sentencepiece", "fasttext", "onnxruntime", "tensorflow", "rasterio"),
            *("fiona", "osgeo", "SimpleITK", "deltalake", "lance", "polars.sql"),
            *("polars.SQLContext", "polars.Config"),
        ),
        _FILES,
    ),
    **dict.fromkeys(
        (
            *("metaflow.Run", "metaflow.Flow", "metaflow.Task", "metaflow.Step", "metaflow.S3"),
            *(
                "metaflow.Metaflow",
                "metaflow.DataArtifact",
                "metaflow.namespace",
                "metaflow.client",
            ),
            *("metaflow.get_metadata", "metaflow.datatools", "metaflow.Runner", "metaflow.cards"),
            *("metaflow.get_namespace", "metaflow.metadata", "metaflow.Deployer"),
        ),
        _HISTORY,
    ),
    **dict.fromkeys(("builtins.input", "builtins.breakpoint", "sys.stdin"), _INPUT),
}

_MAKES_CARDS: Final = ("Markdown", "Table", "Image", "Artifact", "VegaChart", "BlankCard")

_SEEDED: Final = (
    *("random.Random", "random.seed", "numpy.random.seed", "numpy.random.default_rng"),
    *("numpy.random.RandomState", "numpy.random.SeedSequence", "numpy.random.PCG64"),
    "numpy.random.MT19937",
)
"""Harmless with an argument."""

SEEDS: Final = {"random.seed": "random.", "numpy.random.seed": "numpy.random."}
"""What puts a shared generator into a known state, and whose names draw from it."""

_HARMLESS_OF_GENERATORS: Final = ("Generator", "seed", "Random", "getstate", "setstate")

_OF_CURRENT: Final = (
    *("flow_name", "step_name", "parameter_names", "card", "graph", "is_parallel"),
    *("project_name", "project_flow_name"),
)
"""Of ``metaflow.current``: the same in each run of the flow."""

OF_METAFLOW: Final = frozenset(
    (
        *("_datastore", "_foreach_stack", "_iteration_stack", "_cached_input", "_graph"),
        *("_graph_info", "_flow_state", "_steps", "_transition", "_current_step", "_task_ok"),
        *("_foreach_values", "_foreach_num_splits", "_find_input"),
    )
)
"""Attributes of a flow that are Metaflow's own, and not watched."""

UNSEEN_METHODS: Final = {
    "polars": {
        **dict.fromkeys(("sample()", "shuffle()"), "draws random numbers"),
        **dict.fromkeys(("sink_csv()", "sink_parquet()", "sink_ipc()"), "writes files"),
        **dict.fromkeys(
            ("sink_ndjson()", "sink_delta()", "deserialize()"), "reads or writes files"
        ),
    },
    "xgboost": dict.fromkeys(
        ("load_model()", "save_model()", "save_raw()"), "reads or writes files"
    ),
    "lightgbm": dict.fromkeys(("save_model()", "add_features_from()"), "reads or writes files"),
    "catboost": dict.fromkeys(("load_model()", "save_model()"), "reads or writes files"),
}
"""By package, the methods whose doings neither Python nor `watch` sees."""

WATCHED_CALLS: Final = ("polars.read_", "polars.scan_")
"""Calls that `watch` sees only where they are looked up in their module."""

_PASSED_ON: Final = (
    *("time", "random", "secrets", "uuid", "os", "sys", "builtins", "numpy.random", "datetime"),
    "metaflow.current",
)
"""Modules that must not be handed about as a whole: what is done with them cannot be seen."""

_ENVIRONMENT: Final = ("os.environ", "os.getenv", "os.environb", "os.getenvb")
_READS_ONE: Final = ("os.environ.get", "os.getenv", "os.environ.setdefault", "os.environ.pop")


def find_hazard(name: str, use: Use) -> str | None:
    """Return why a use of a name keeps its step from being reused; None if it does not.

    Parameters
    ----------
    name : str
        What the use's words stand for: ``numpy.random.rand``.
    use : Use

    Examples
    --------
    >>> use = Use(("np", "random", "rand"), 3, "call", (), (), False, True)
    >>> find_hazard("numpy.random.rand", use)
    'draws random numbers without a seed (numpy.random.rand)'
    """
    if use.is_printed and _reason_of(name) in (_CLOCK, _PROCESS, None):
        return None
    if name in _PASSED_ON and use.how == "load":
        return f"hands on {name}, so that its use cannot be followed"
    if name in _SEEDED and (_has_seed(use) or use.how == "load"):
        return None
    if name.startswith("metaflow.cards.") and name.split(".")[2] in _MAKES_CARDS:
        return None
    if name.startswith("metaflow.current."):
        word = name.split(".")[2]
        return None if word in _OF_CURRENT else f"asks for current.{word}"
    if name.startswith(_ENVIRONMENT) and not _reads_named_variable(name, use):
        return "reads environment variables by a computed name"
    if name.startswith(WATCHED_CALLS) and len(use.chain) == 1:
        return (
            f"imports {name.rpartition('.')[2]} by its name, so that it is not seen what it reads"
        )
    reason = _reason_of(name)
    return f"{reason} ({name})" if reason else None


def find_variable(name: str, use: Use) -> str | None:
    """Return the environment variable that a use looks at, if its name stands there."""
    if not name.startswith(_ENVIRONMENT) or not _reads_named_variable(name, use):
        return None
    return (use.constants[0] or "")[1:-1]


def draws_from(name: str) -> str | None:
    """Return the call that would have to seed the generator behind a name, if it has one."""
    for seed, prefix in SEEDS.items():
        rest = name.removeprefix(prefix)
        is_shared = rest != name and "." not in rest and f"{prefix}{rest}" not in _REASONS
        if is_shared and rest not in _HARMLESS_OF_GENERATORS:
            return seed
    return None


def _reason_of(name: str) -> str | None:
    words = name.split(".")
    for length in range(len(words), 0, -1):
        reason = _REASONS.get(".".join(words[:length]))
        if reason is not None:
            return reason
    return _CHANCE if draws_from(name) else None


def _has_seed(use: Use) -> bool:
    return any(constant != "None" for constant in use.constants) or bool(use.keywords)


def _reads_named_variable(name: str, use: Use) -> bool:
    is_one = (name == "os.environ" and use.how == "item") or (
        name in _READS_ONE and use.how == "call"
    )
    return is_one and bool(use.constants) and (use.constants[0] or "").startswith(("'", '"'))


def find_import_hazard(name: str, use: Use) -> str | None:
    """Return why code that runs while a module is imported cannot be answered for.

    It runs before anything is watched, so what reads files has to be told by its name.
    """
    word = name.rpartition(".")[2]
    if use.how == "call" and (word.startswith("read_") or word in _READS):
        return f"reads files while it is imported ({name})"
    return None


_READS: Final = (
    *("open", "load", "imread", "loadtxt", "genfromtxt", "fromfile", "memmap", "urlopen"),
    *("request", "get", "post", "run", "Popen", "check_output", "check_call", "system"),
    *("listdir", "scandir", "exists", "isfile", "isdir", "stat", "getsize", "getmtime", "walk"),
    *("is_file", "is_dir", "iterdir", "glob", "rglob", "connect"),
)


def is_pure(name: str) -> bool:
    """Whether using a library's name while a module is imported changes nothing elsewhere."""
    return name.split(".")[0] in _PURE or name in _PURE_NAMES


_PURE: Final = (
    *("abc", "attr", "attrs", "collections", "contextlib", "copy", "dataclasses", "datetime"),
    *("decimal", "enum", "fractions", "functools", "hashlib", "itertools", "json", "math"),
    *("metaflow", "numba", "operator", "pathlib", "pydantic", "re", "statistics", "string"),
    *("struct", "textwrap", "types", "typing", "typing_extensions", "io", "__future__"),
)
_PURE_NAMES: Final = (
    "logging.getLogger",
    *(f"builtins.{name}" for name in ("staticmethod", "classmethod", "property", "len", "range")),
    *(f"builtins.{name}" for name in ("dict", "list", "set", "tuple", "frozenset", "str", "int")),
    *(f"builtins.{name}" for name in ("float", "bool", "sorted", "zip", "map", "enumerate")),
    *(f"builtins.{name}" for name in ("min", "max", "sum", "isinstance", "print", "super")),
    *(f"builtins.{name}" for name in ("filter", "reversed", "any", "all", "type", "bytes")),
    *(f"builtins.{name}" for name in ("Exception", "ValueError", "ImportError", "AttributeError")),
    *(f"builtins.{name}" for name in ("KeyError", "TypeError", "RuntimeError", "hasattr")),
)


def join_reasons(reasons: Iterable[str]) -> str:
    """Return the reasons as one sentence, each once."""
    return "; ".join(dict.fromkeys(reasons))
