"""docs/configuration.md is what the program's own table says."""
import pathlib
import subprocess

from harness import PROGRAM, ROOT


def test_configuration_page_is_the_programs():
    made = subprocess.run([PROGRAM, "--help-markdown"], capture_output=True, text=True, check=True).stdout
    assert made == pathlib.Path(ROOT / "docs" / "configuration.md").read_text(), "run: lgraph_server --help-markdown > docs/configuration.md"
