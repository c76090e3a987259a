"""
The process that compiles one point of a study: `python -m corelower.tools.explore_worker`.

It is started by `explore_process`, reads its job as one line from standard input, and writes the
outcome into a file. It ends when standard input does, which is when the study has gone, however
that ended.
"""

import os
import sys
import threading
from pathlib import Path

from ..dialects.support.files import write_text


def main() -> None:
    """Compile one point; the arguments are the folder of the inputs, and the outcome's file."""
    job = sys.stdin.readline()
    threading.Thread(target=_end_with_the_study, daemon=True).start()
    # Deferred: the study may end while this is imported.
    from .explore_job import run_job

    write_text(sys.argv[2], run_job(job, Path(sys.argv[1])))


def _end_with_the_study() -> None:
    # Not through the stream: it would be locked when the process ends by itself.
    while os.read(0, 4096):
        pass
    os._exit(1)


if __name__ == "__main__":
    main()
