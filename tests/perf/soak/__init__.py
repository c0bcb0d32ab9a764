"""`make soak`: the gateway under mixed traffic while everything around it fails."""
