"""The statuses with which processes of runs exit are those that who operates them reads about."""

import re

from tests.support.golden import ROOT
from windlass.engine.exit_codes import ExitCode


def test_every_exit_code_is_in_the_documents() -> None:
    text = (ROOT / "docs/operating.md").read_text()
    chapter = text.partition("## Exit codes of runs\n")[2].partition("\n## ")[0]
    documented = [int(code) for code in re.findall(r"^\| (\d+) \|", chapter, re.MULTILINE)]
    assert documented == sorted(ExitCode)
