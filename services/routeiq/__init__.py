"""RouteIQ: an AI gateway that learns which model to use."""

__version__ = "0.1.0"
