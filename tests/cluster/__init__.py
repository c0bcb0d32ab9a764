"""The suite on a real Kubernetes; `make e2e-cluster` runs it, `make test` does not (docs/guides/test-cluster.md)."""
