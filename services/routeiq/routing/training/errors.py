"""What can go wrong with a training run, said in words for the person who started it."""

from collections.abc import Sequence

from routeiq.kit.errors import RouteIQError

_SHOWN = 20


class TrainingDataInvalid(RouteIQError):
    """The rows cannot be trained on. `problems` names file, row and column of each fault."""

    status, type, code = 400, "invalid_request_error", "training_data_invalid"

    def __init__(self, problems: Sequence[str]) -> None:
        shown = list(problems[:_SHOWN])
        if len(problems) > _SHOWN:
            shown.append(f"... and {len(problems) - _SHOWN} more")
        super().__init__("\n".join(shown))
        self.problems = list(problems)


class TrainingFailed(RouteIQError):
    """Training cannot start or finish for a reason outside the data: no encoder, an output folder in use."""

    status, type, code = 400, "invalid_request_error", "training_failed"
