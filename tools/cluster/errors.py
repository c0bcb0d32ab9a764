"""What is wrong, for whoever runs it: one sentence, no traceback."""


class ClusterError(Exception):
    """The cluster cannot do what was asked of it. The message says what to do or where to look."""
