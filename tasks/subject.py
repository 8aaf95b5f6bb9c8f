"""Every log line of ours says which pipeline it is about, and as of when.

What writes a line does not know which run it works for; the run's own context does, in threads
of task runners too.
"""

import logging

from prefect.context import FlowRunContext
from prefect.logging.handlers import APILogHandler


class Subject(logging.Handler):
    """Stands before the other handlers of our logger and completes the line for all of them."""

    def emit(self, record: logging.LogRecord) -> None:
        about = subject()
        if about:
            record.msg, record.args = f"{about}: {record.getMessage()}", ()


def subject() -> str:
    """`flights as of 2013-02-14 03:00`, from the parameters of the run; empty outside of one."""
    run = FlowRunContext.get()
    parameters = (run.parameters if run else None) or {}
    if run is None or "pipeline" not in parameters:
        return ""
    as_of = parameters.get("as_of") or run.start_time
    return f"{parameters['pipeline']} as of {as_of:%Y-%m-%d %H:%M}"


def named() -> None:
    """From now on lines of `ratchet` and of loggers below it, each with its subject, go to the run.

    Prefect sends them by itself only where a variable named our logger before it was imported.
    """
    log = logging.getLogger("ratchet")
    log.setLevel(logging.INFO)
    if not any(isinstance(each, APILogHandler) for each in log.handlers):
        log.addHandler(APILogHandler())
    log.handlers.insert(0, Subject())
