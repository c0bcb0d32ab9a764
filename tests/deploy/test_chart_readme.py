"""The chart's README says of each value what values.yaml says."""

from __future__ import annotations

from tools.gen_chart_readme import CHART, page

VALUES = """
# About the file.

# How many.
replicas: 1
# Where it is kept.
store:
  # Of one entry | or two.
  size: 2Gi
  limits: { memory: 1Gi }
  inner:
    path: ""
  rules:
    - to:
        name: no value of its own
"""


def test_each_value_has_its_row_and_a_section_its_sentence() -> None:
    lines = page(VALUES).splitlines()
    assert "| `replicas` | `1` | How many. |" in lines
    assert lines[lines.index("## `store`") + 2] == "Where it is kept."
    assert '| `store.size` | `"2Gi"` | Of one entry &#124; or two. |' in lines
    assert '| `store.limits` | `{"memory": "1Gi"}` |  |' in lines
    assert '| `store.inner.path` | `""` |  |' in lines
    assert not [
        line for line in lines if "About the file" in line or "`store.rules.to" in line or "`store.inner`" in line
    ]


def test_every_value_of_the_chart_is_in_its_readme() -> None:
    assert (CHART / "README.md").read_text() == page((CHART / "values.yaml").read_text())
