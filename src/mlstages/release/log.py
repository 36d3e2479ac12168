"""The log of releases of a flow: what was released and taken back, by whom, when and why.

It lies beside the runs. A line is written at a time, so that a reader sees the old state or
the new one; which release counts is what the whole log comes to.
"""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from mlstages.errors import RunNotFoundError, RunUnusableError
from mlstages.flow_name import choose_flow
from mlstages.release.released import FORMAT, Released

FOLDER: Final = ".mlstages-releases"
"""Within the folder of the runs, where Metaflow sees no flow in it."""


MODEL_SUFFIX: Final = ".skops"
_LOG: Final = "log.jsonl"


def choose_released_flow(history: Path, named: str | None = None) -> str:
    """Return the flow that is named, else the only one that has releases here, else our own."""
    if named is not None:
        return named
    return choose_flow([path.parent.name for path in (history / FOLDER).glob(f"*/{_LOG}")])


class Action(StrEnum):
    """What a line of the log says."""

    RELEASE = "release"
    UNDO = "undo"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of the log.

    Parameters
    ----------
    action : Action
    number : int
        The release that is made or taken back.
    run : str
        The run that it is of.
    who, when, why : str
    forced : bool
    """

    action: Action
    number: int
    run: str
    who: str
    when: str
    why: str
    forced: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Return the entry as JSON can carry it."""
        return asdict(self)


class ReleaseLog:
    """The releases of one flow.

    Parameters
    ----------
    history : Path
        The folder of the runs.
    flow_name : str
    """

    def __init__(self, history: Path, flow_name: str) -> None:
        self.flow_name = flow_name
        self.folder = history / FOLDER / flow_name
        self.path = self.folder / _LOG

    def read_entries(self) -> tuple[Entry, ...]:
        """Return all lines, oldest first; a line that is being written is none yet."""
        try:
            text = self.path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return ()
        except (OSError, UnicodeDecodeError) as error:
            raise RunUnusableError(f"{self.path} cannot be read: {error}") from None
        lines = text.splitlines(keepends=True)
        return tuple(
            self._parse(number, line)
            for number, line in enumerate(lines, start=1)
            if line.endswith("\n")
        )

    def _parse(self, number: int, line: str) -> Entry:
        try:
            entry = json.loads(line)
            return Entry(**entry | {"action": Action(entry["action"])})
        except (ValueError, TypeError, KeyError) as error:
            raise RunUnusableError(
                f"{self.path}:{number} is no entry of the log of releases ({error}): take the line "
                "out, or bring the file back"
            ) from None

    def find_current(self) -> int | None:
        """Return the number of the release that counts, or None if there is none."""
        entry = self.find_current_entry()
        return None if entry is None else entry.number

    def find_current_entry(self) -> Entry | None:
        """Return the line of the release that counts, or None if there is none."""
        standing = self._read_standing()
        return standing[-1] if standing else None

    def find_release_of(self, run: str) -> int | None:
        """Return the number of the newest release of a run that was not taken back, or None."""
        numbers = (entry.number for entry in self._read_standing() if entry.run == run)
        return max(numbers, default=None)

    def read(self, number: int) -> Released:
        """Return a release.

        Raises
        ------
        RunUnusableError
            If it was kept by another version, or its file is damaged.
        """
        path = self._path_of(number)
        try:
            plain = json.loads(path.read_text(encoding="utf-8"))
            if plain["format"] != FORMAT:
                raise RunUnusableError(
                    f"release {number} of {self.flow_name} has format {plain['format']} and "
                    f"this version reads {FORMAT}: release the run again"
                )
            return Released.from_dict(plain)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise RunUnusableError(
                f"release {number} of {self.flow_name} cannot be read from {path} ({error}): "
                "release the run again, or go back with mlstages release --undo"
            ) from None

    def read_model(self, number: int) -> bytes | None:
        """Return the file of a release's model, or None if it has none."""
        try:
            return self._path_of(number).with_suffix(MODEL_SUFFIX).read_bytes()
        except FileNotFoundError:
            return None

    def publish(self, released: Released, model: bytes | None = None) -> Released:
        """Return the release as it now counts, with its number.

        Parameters
        ----------
        released : Released
        model : bytes or None, default=None
            What `mlstages.release.model_file` made of a model that is no formula.
        """
        with self.locked():
            number = 1 + max((entry.number for entry in self.read_entries()), default=0)
            plain = released.to_dict() | {"number": number}
            path = self._path_of(number)
            path.with_suffix(MODEL_SUFFIX).unlink(missing_ok=True)  # of one that was killed here
            content = _to_json(plain)
            if model is not None:
                write_whole(path.with_suffix(MODEL_SUFFIX), model)
            write_whole(path, content)
            self._append(
                Entry(
                    action=Action.RELEASE,
                    number=number,
                    run=released.run,
                    who=released.who,
                    when=released.when,
                    why=released.why,
                    forced=released.forced,
                )
            )
        return self.read(number)

    def undo(self, *, who: str, when: str, why: str) -> Entry:
        """Return the entry that took the present release back; the one before counts again.

        Raises
        ------
        RunNotFoundError
            If there is no release.
        """
        nothing = (
            f"no release of {self.flow_name} to take back: mlstages releases lists them, and "
            "--flow names another flow"
        )
        if self.find_current() is None:
            raise RunNotFoundError(nothing)
        with self.locked():
            current = self.find_current_entry()
            if current is None:  # another one was quicker
                raise RunNotFoundError(nothing)
            entry = Entry(
                action=Action.UNDO,
                number=current.number,
                run=current.run,
                who=who,
                when=when,
                why=why,
            )
            self._append(entry)
        return entry

    def find_standing(self) -> list[int]:
        """Return the numbers of the releases that were not taken back, oldest first."""
        return [entry.number for entry in self._read_standing()]

    def _read_standing(self) -> list[Entry]:
        standing: dict[int, Entry] = {}
        for entry in self.read_entries():
            if entry.action is Action.RELEASE:
                standing[entry.number] = entry
            elif standing.pop(entry.number, None) is None:
                raise RunUnusableError(
                    f"{self.path} takes release {entry.number} back, which does not stand: take "
                    "the line out, or bring the file back"
                )
        return list(standing.values())

    def _append(self, entry: Entry) -> None:
        line = json.dumps(entry.to_dict()) + "\n"
        with self.path.open("r+b" if self.path.exists() else "wb") as file:
            # A writer that was killed in the middle of a line left none.
            whole = file.read().rfind(b"\n") + 1 if file.readable() else 0
            file.truncate(whole)
            file.seek(whole)
            file.write(line.encode())
            file.flush()
            os.fsync(file.fileno())

    def _path_of(self, number: int) -> Path:
        return self.folder / f"{number:04}.json"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep others from releasing and taking back; not to be nested."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _to_json(plain: dict[str, Any]) -> bytes:
    try:
        return json.dumps(plain, allow_nan=False).encode()
    except ValueError:
        raise RunUnusableError(
            f"{plain['run']} cannot be released: its rows, metrics or predictions are not finite"
        ) from None


def write_whole(path: Path, content: bytes) -> None:
    """Have a file hold the content, whole or not at all; its folder is made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.name}.{os.getpid()}.part")
    with partial.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
