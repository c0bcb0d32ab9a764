{{/* Probes of a service, by its name. They ask the second port, where no user's traffic is and no key is needed.
Readiness is the pod's own state; liveness goes on answering while it drains. Routing says over gRPC whether its
artifact is loaded, which is what its callers would see. */}}

{{- define "routeiq.probes" -}}
startupProbe:
  {{- if eq . "routing" }}
  grpc: { port: 50051 }
  {{- else }}
  httpGet: { path: /_health/live, port: ops }
  {{- end }}
  periodSeconds: 1
  timeoutSeconds: 2
  failureThreshold: 120
readinessProbe:
  {{- if eq . "routing" }}
  grpc: { port: 50051 }
  {{- else }}
  httpGet: { path: /_health/ready, port: ops }
  {{- end }}
  periodSeconds: 2
  timeoutSeconds: 2
  failureThreshold: 2
livenessProbe:
  httpGet: { path: /_health/live, port: ops }
  periodSeconds: 10
  timeoutSeconds: 5
  failureThreshold: 6
{{- end }}
