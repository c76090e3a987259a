"""How lit runs the FileCheck tests: with the tools of the environment that lit itself is in."""

import os
import sys
from pathlib import Path

from lit.formats import ShTest
from lit.TestingConfig import TestingConfig

config: TestingConfig = globals()["config"]  # lit puts it there before it runs this file

here = Path(__file__).parent
config.name = "corelower"
config.test_format = ShTest(execute_external=False)
config.suffixes = [".mlir", ".test"]
config.excludes = ["inputs", "pythonpath"]
config.test_source_root = str(here)
config.test_exec_root = str(here.parent / "build" / "lit")
tools = Path(sys.executable).parent
config.environment["PATH"] = os.pathsep.join([str(tools), os.environ.get("PATH", "")])
