{{/* The six services: which run, what each is told by values, and its ports. */}}

{{/* Names of those that are enabled, as a YAML list: `include "routeiq.enabled" $ | fromYamlArray`. */}}
{{- define "routeiq.enabled" -}}
{{- range $name := list "gateway" "routing" "control" "config-sync" "a2a-registry" "mcp-registry" }}
{{- if (include "routeiq.service" (list $ $name) | fromYaml).enabled }}
- {{ $name }}
{{- end }}
{{- end }}
{{- end }}

{{/* What values say of (list $ name), the defaults beneath, as YAML. */}}
{{- define "routeiq.service" -}}
{{- $root := first . -}}
{{- mergeOverwrite (deepCopy $root.Values.defaults) (index $root.Values.services (last .)) | toYaml -}}
{{- end }}

{{/* Ports of a service by name, as YAML: `http`, `grpc` and `ops` as it has them. */}}
{{- define "routeiq.ports" -}}
{{- $ports := dict
  "gateway" (dict "http" 4000 "ops" 4001)
  "routing" (dict "grpc" 50051 "ops" 50061)
  "control" (dict "http" 8130 "grpc" 50052 "ops" 8131)
  "config-sync" (dict "http" 8140 "ops" 8141)
  "a2a-registry" (dict "http" 8110 "ops" 8111)
  "mcp-registry" (dict "http" 8120 "ops" 8121) -}}
{{- index $ports . | toYaml -}}
{{- end }}

{{/* `true` where something else decides how many pods (list $ name) has, so that no `replicas` is rendered. */}}
{{- define "routeiq.scaled" -}}
{{- $service := include "routeiq.service" . | fromYaml -}}
{{- if or $service.autoscaling.enabled $service.keda.enabled }}true{{ end -}}
{{- end }}

{{/* The fewest pods that (list $ name) has. */}}
{{- define "routeiq.fewest" -}}
{{- $service := include "routeiq.service" . | fromYaml -}}
{{- if $service.keda.enabled }}{{ $service.keda.minReplicas | int }}
{{- else if $service.autoscaling.enabled }}{{ $service.autoscaling.minReplicas | int }}
{{- else }}{{ $service.replicas | int }}{{ end -}}
{{- end }}

{{/* The most. */}}
{{- define "routeiq.most" -}}
{{- $service := include "routeiq.service" . | fromYaml -}}
{{- if $service.keda.enabled }}{{ $service.keda.maxReplicas | int }}
{{- else if $service.autoscaling.enabled }}{{ $service.autoscaling.maxReplicas | int }}
{{- else }}{{ $service.replicas | int }}{{ end -}}
{{- end }}

{{/* The image of (list $ name): by digest where one is pinned. */}}
{{- define "routeiq.image" -}}
{{- $image := (first .).Values.image -}}
{{- $repository := printf "%s/routeiq-%s" (trimSuffix "/" $image.registry) (last .) -}}
{{- with index $image.digests (last .) -}}
{{ $repository }}@{{ . }}
{{- else -}}
{{ $repository }}:{{ $image.tag | default (first $).Chart.AppVersion }}
{{- end -}}
{{- end }}

{{/* `host:port` of all that this release listens on, as a YAML list: URLs may never lead there, whatever else they may. A
host without a dot stands for itself behind any domain, too. */}}
{{- define "routeiq.ownAddresses" -}}
{{- $root := . -}}
{{- range $name := include "routeiq.enabled" . | fromYamlArray }}
{{- range include "routeiq.ports" $name | fromYaml }}
- {{ include "routeiq.component" (list $root $name) }}:{{ . }}
{{- if eq $name "routing" }}
- {{ include "routeiq.component" (list $root "routing-headless") }}:{{ . }}
{{- end }}
{{- end }}
{{- if ne (include "routeiq.service" (list $root $name) | fromYaml).service.type "ClusterIP" }}
- {{ include "routeiq.component" (list $root (printf "%s-ops" $name)) }}:{{ (include "routeiq.ports" $name | fromYaml).ops }}
{{- end }}
{{- end }}
{{- range $store, $ports := dict "nats" (list 4222 8222) "postgres" (list 5432) "redis" (list 6379) }}
{{- if (index $root.Values.bundled $store).enabled }}
{{- range $ports }}
- {{ include "routeiq.component" (list $root $store) }}:{{ . }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
