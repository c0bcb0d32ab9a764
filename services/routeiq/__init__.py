"""RouteIQ: an AI gateway that learns which model to use."""
