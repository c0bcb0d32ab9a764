{{/* The six services: which run, what each is told by values, and its ports. */}}

{{/* Names of those that are enabled, as a YAML list: `include "routeiq.enabled" $ | fromYamlArray`. */}}
{{- define "routeiq.enabled" -}}
{{- range $name := list "gateway" "routing" "control" "config-sync" "a2a-registry" "mcp-registry" }}
{{- if (include "routeiq.service" (list $ $name) | fromYaml).enabled }}
- {{ $name }}
{{- end }}
{{- end }}
{{- end }}

{{/* What values say of (list $ name), the defaults beneath, as YAML. A null takes a default away. */}}
{{- define "routeiq.service" -}}
{{- $root := first . -}}{{- $name := last . -}}
{{- $own := get ($root.Values.services | default dict) $name -}}
{{- if not (kindIs "map" $own) -}}
{{- fail (printf "services.%s is null: to have none, set services.%s.enabled=false." $name $name) -}}
{{- end -}}
{{- $service := mergeOverwrite (deepCopy $root.Values.defaults) (deepCopy $own) -}}
{{- include "routeiq.takeAway" (list $service $own) -}}
{{- include "routeiq.takeAway" (list $service $service) -}}
{{- if has $name (list "gateway" "routing" "control") -}}
{{- range $path := list (list "requests" "cpu") (list "requests" "memory") (list "limits" "memory") -}}
{{- /* values.yaml has these of its own: Helm has taken away what is missing, because somebody said null. */ -}}
{{- if not (dig "resources" (first $path) (last $path) "" $own) -}}
{{- $_ := unset (dig "resources" (first $path) dict $service) (last $path) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- toYaml $service -}}
{{- end }}

{{/* Of (list $service $own): out of the first goes what is null in the second. */}}
{{- define "routeiq.takeAway" -}}
{{- $service := first . -}}
{{- range $key, $value := last . -}}
{{- if kindIs "invalid" $value -}}
{{- $_ := unset $service $key -}}
{{- else if and (kindIs "map" $value) (kindIs "map" (get $service $key)) -}}
{{- include "routeiq.takeAway" (list (get $service $key) $value) -}}
{{- end -}}
{{- end -}}
{{- end }}

{{/* Ports of (list $ name) by name, as YAML: `http`, `api`, `grpc` and `ops` as it has them. */}}
{{- define "routeiq.ports" -}}
{{- $ports := dict
  "gateway" (dict "http" 4000 "ops" 4001)
  "routing" (dict "grpc" 50051 "ops" 50061)
  "control" (dict "http" 8130 "grpc" 50052 "ops" 8131)
  "config-sync" (dict "http" 8140 "ops" 8141)
  "a2a-registry" (dict "http" 8110 "ops" 8111)
  "mcp-registry" (dict "http" 8120 "ops" 8121) -}}
{{- $own := index $ports (last .) -}}
{{- if and (eq (last .) "gateway") (first .).Values.apiPort }}{{ $_ := set $own "api" (int (first .).Values.apiPort) }}{{ end -}}
{{- toYaml $own -}}
{{- end }}

{{/* `true` where something else decides how many pods (list $ name) has, so that no `replicas` is rendered. */}}
{{- define "routeiq.scaled" -}}
{{- $service := include "routeiq.service" . | fromYaml -}}
{{- if or $service.autoscaling.enabled $service.keda.enabled }}true{{ end -}}
{{- end }}

{{/* The most pods that (list $ name) has. */}}
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
{{- range include "routeiq.ports" (list $root $name) | fromYaml }}
- {{ include "routeiq.component" (list $root $name) }}:{{ . }}
{{- if eq $name "routing" }}
- {{ include "routeiq.component" (list $root "routing-headless") }}:{{ . }}
{{- end }}
{{- end }}
{{- if ne (include "routeiq.service" (list $root $name) | fromYaml).service.type "ClusterIP" }}
- {{ include "routeiq.component" (list $root (printf "%s-ops" $name)) }}:{{ (include "routeiq.ports" (list $root $name) | fromYaml).ops }}
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
