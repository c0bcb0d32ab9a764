"""How every ONNX graph of this service runs."""

import onnxruntime as ort


def open_session(model: str | bytes, threads: int) -> ort.InferenceSession:
    """A CPU session that runs one operator at a time on `threads` threads, which sleep, not spin, while they wait.

    Args: model: a path, or the file's bytes. Raises: whatever onnxruntime raises; it has no common type."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return ort.InferenceSession(model, options, ["CPUExecutionProvider"])
