"""deploy/kustomize, made of the Helm chart: `python -m tools.kustomize`."""
