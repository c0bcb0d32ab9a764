"""The engine: queue, caches, predictions and the choice, off the wire."""

from routeiq.routing.engine.decision import Decision, Fallback, Question, Timings
from routeiq.routing.engine.engine import Engine
from routeiq.routing.engine.loading import Loaded, trust_in
from routeiq.routing.engine.metrics import EngineMetrics
from routeiq.routing.engine.predictor import Vector

__all__ = ["Decision", "Engine", "EngineMetrics", "Fallback", "Loaded", "Question", "Timings", "Vector", "trust_in"]
