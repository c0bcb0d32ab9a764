"""Where a configuration document is kept: a file, an object in S3 or GCS, a ConfigMap. `choice` picks one by the
settings. The libraries for object stores and for Kubernetes are imported here alone, and only if they are needed."""
