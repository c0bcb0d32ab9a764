{{/*
Who calls whom. Nothing else passes where the cluster enforces network policies. docs/guides/kubernetes-operations.md has the
same table for people; tests/deploy/test_network.py compares the two, and both ends of each rendered edge.
*/}}

{{/* Calls between what this chart starts. */}}
{{- define "routeiq.edges" -}}
- { from: gateway, to: routing, port: grpc }
- { from: gateway, to: control, port: http }
- { from: gateway, to: control, port: grpc }
- { from: gateway, to: control, port: ops }
- { from: gateway, to: config-sync, port: http }
- { from: gateway, to: a2a-registry, port: http }
- { from: gateway, to: mcp-registry, port: http }
- { from: gateway, to: redis, port: redis }
- { from: gateway, to: nats, port: nats }
- { from: routing, to: nats, port: nats }
- { from: control, to: postgres, port: postgres }
- { from: control, to: nats, port: nats }
- { from: config-sync, to: routing, port: grpc }
- { from: config-sync, to: nats, port: nats }
- { from: migrate, to: postgres, port: postgres }
- { from: test, to: gateway, port: http }
{{- end }}

{{/* Calls to elsewhere: `internet` is what is neither in the cluster nor in a private network. */}}
{{- define "routeiq.outerEdges" -}}
gateway: [internet, namespace]
control: [internet]
config-sync: [internet, kubernetesAPI]
keys: [kubernetesAPI]
{{- end }}

{{/* The number of a port, of (list $ "control" "grpc"). */}}
{{- define "routeiq.portNumber" -}}
{{- $stores := dict "postgres" 5432 "redis" 6379 "nats" 4222 -}}
{{- if hasKey $stores (index . 1) -}}
{{- get $stores (index . 1) -}}
{{- else -}}
{{- index (include "routeiq.ports" (initial .) | fromYaml) (last .) -}}
{{- end -}}
{{- end }}

{{/* Everything that this release starts and a policy is made for. */}}
{{- define "routeiq.components" -}}
{{- $all := include "routeiq.enabled" . | fromYamlArray -}}
{{- range $store := list "postgres" "redis" "nats" -}}
{{- if (index $.Values.bundled $store).enabled }}{{ $all = append $all $store }}{{ end -}}
{{- end -}}
{{- if include "routeiq.migrates" . }}{{ $all = append $all "migrate" }}{{ end -}}
{{- if not .Values.secrets.existingSecret }}{{ $all = append $all "keys" }}{{ end -}}
{{- if and .Values.tests.enabled (has "gateway" $all) }}{{ $all = append $all "test" }}{{ end -}}
{{- toYaml $all -}}
{{- end }}
