"""One request, stage by stage. `run.py` reads top to bottom."""
