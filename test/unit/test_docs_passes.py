"""The pass reference says what the passes say."""

import subprocess
import sys
from pathlib import Path

GENERATE = Path(__file__).resolve().parents[2] / "docs" / "generate.py"


def test_the_pass_reference_is_up_to_date():
    result = subprocess.run(
        [sys.executable, str(GENERATE), "--check"], capture_output=True, text=True
    )
    assert (result.returncode, result.stderr) == (0, "")
