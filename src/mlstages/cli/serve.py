"""The command that serves a released model: serve."""

import os
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Final

import typer

from mlstages.errors import ExtraMissingError, FileError
from mlstages.flow_name import DEFAULT_FLOW

_EXTRA: Final = ("httptools", "msgspec", "prometheus_client", "uvicorn", "uvloop")
_BOUNDS: Final = "Bounds"


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("serve", epilog="Example: mlstages serve --port 8080 --workers 2")(serve)


def serve(
    run: Annotated[
        str,
        typer.Argument(
            metavar="[RUN|released|latest]",
            help="released follows the releases of the flow; a run has to be a released one.",
        ),
    ] = "released",
    flow: Annotated[
        str | None,
        typer.Option(
            "--flow",
            metavar="NAME",
            envvar="MLSTAGES_FLOW",
            help="The flow that it is of.",
            show_default=f"the only released one here, or {DEFAULT_FLOW}",
        ),
    ] = None,
    host: Annotated[
        str, typer.Option(metavar="H", envvar="MLSTAGES_HOST", help="Address to listen on.")
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(metavar="P", envvar="MLSTAGES_PORT", help="0 takes a free one.")
    ] = 8000,
    workers: Annotated[
        int, typer.Option(metavar="N", envvar="MLSTAGES_WORKERS", help="Processes that answer.")
    ] = 1,
    token_file: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Has the token that clients must send; the variable MLSTAGES_TOKEN may, too.",
            show_default="everybody may ask",
        ),
    ] = None,
    no_records: Annotated[
        bool,
        typer.Option(
            "--no-records",
            envvar="MLSTAGES_NO_RECORDS",
            help="Keep no predictions, only what people say.",
        ),
    ] = False,
    unreleased: Annotated[
        bool,
        typer.Option(
            "--unreleased",
            help="Serve a run that was not released. Its model is unpickled, which runs code.",
        ),
    ] = False,
    cache: Annotated[
        int,
        typer.Option(
            metavar="N",
            help="Remember the answers for N rows; pays where a model takes long.",
            show_default="none",
        ),
    ] = 0,
    access_log: Annotated[
        bool, typer.Option("--access-log", help="Log every request, not only refused ones.")
    ] = False,
    max_body: Annotated[
        int, typer.Option(metavar="BYTES", rich_help_panel=_BOUNDS, help="Of a body.")
    ] = 1_048_576,
    max_rows: Annotated[
        int, typer.Option(metavar="N", rich_help_panel=_BOUNDS, help="Rows of a request.")
    ] = 10_000,
    max_waiting: Annotated[
        int,
        typer.Option(metavar="N", rich_help_panel=_BOUNDS, help="Requests at a time, per worker."),
    ] = 100,
    timeout: Annotated[
        float,
        typer.Option(metavar="S", rich_help_panel=_BOUNDS, help="For a body, and for an answer."),
    ] = 10.0,
    drain: Annotated[
        float,
        typer.Option(
            metavar="S",
            rich_help_panel=_BOUNDS,
            help="Between the signal to stop and the last request that is taken.",
        ),
    ] = 1.0,
) -> None:
    """Serve the released model: an endpoint for programs and a page for people."""
    missing = [name for name in _EXTRA if find_spec(name) is None]
    if missing:
        raise ExtraMissingError("mlstages serve needs the extra: pip install 'mlstages[serve]'")
    from mlstages.serve.settings import Settings

    settings = Settings(
        host=host,
        port=port,
        workers=workers,
        token=_read_token(token_file),
        keeps_predictions=not no_records,
        cache=cache,
        access_log=access_log,
        max_body=max_body,
        max_rows=max_rows,
        max_waiting=max_waiting,
        timeout=timeout,
        drain=drain,
    )
    from mlstages.release.log import ReleaseLog, choose_released_flow
    from mlstages.release.places import find_history
    from mlstages.serve.choice import choose_release
    from mlstages.serve.launch import serve_release
    from mlstages.serve.logs import log_as_json

    history = find_history()
    flow_name = choose_released_flow(history, flow)
    if unreleased and flow is None and not ReleaseLog(history, flow_name).path.exists():
        from mlstages.runs.find import find_flow

        flow_name = find_flow()
    chosen = choose_release(run, flow_name, unreleased=unreleased)
    log_as_json()
    serve_release(settings, chosen, flow_name)


def _read_token(path: Path | None) -> str | None:
    if path is None:
        token = os.environ.get("MLSTAGES_TOKEN")
        return None if token is None else token.strip()  # a secret's file ends in a line feed
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise FileError(f"--token-file: {path} cannot be read ({error})") from None
