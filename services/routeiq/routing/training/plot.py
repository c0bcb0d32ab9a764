"""The cost-quality picture of a training run."""

from collections.abc import Sequence
from io import BytesIO

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from routeiq.routing.training.measures import Matrix, hull

_INK, _ACCENT, _MUTED = "#24292f", "#0a6cff", "#8c959f"


def cost_quality_png(models: Sequence[str], singles: Matrix, points: Matrix, title: str) -> bytes:
    """A PNG: every single model as a dot, their hull, and the router's curve, cost on a logarithmic axis.

    Args: singles: (m, 2) and points: (lambdas, 2), each mean cost in USD and mean quality."""
    figure = Figure(figsize=(8, 5), dpi=120, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    mixed, router = hull(singles), hull(points)
    axes.plot(mixed[:, 0], mixed[:, 1], "--", color=_MUTED, label="mixing single models")
    axes.plot(router[:, 0], router[:, 1], color=_ACCENT, linewidth=2, label="router")
    axes.scatter(singles[:, 0], singles[:, 1], color=_INK, s=18, zorder=3)
    for model, (cost, quality) in zip(models, singles, strict=True):
        axes.annotate(model, (cost, quality), textcoords="offset points", xytext=(4, 4), fontsize=7, color=_INK)
    axes.set_xscale("log")
    axes.set_xlabel("mean cost of a request (USD)")
    axes.set_ylabel("mean quality")
    axes.set_title(title)
    axes.legend(frameon=False, loc="lower right")
    axes.grid(alpha=0.2)
    picture = BytesIO()
    figure.savefig(picture, format="png", metadata={"Software": None})
    return picture.getvalue()
