"""One typed client per service. A client owns its channel; open it in the running loop and close it."""
