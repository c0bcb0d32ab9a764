{{/* The environment of a container. A value is text, or {secret, key, optional} of a Secret, or {field} of the pod. */}}

{{/* `env:` of (list $ component): what every service is told, what this one is, and what values add. They win. */}}
{{- define "routeiq.env" -}}
{{- $root := first . -}}{{- $name := last . -}}
{{- $service := include "routeiq.service" . | fromYaml -}}
{{- $own := include (printf "routeiq.env.%s" $name) $root | fromYaml -}}
{{- $all := include "routeiq.env.all" (list $root $name) | fromYaml -}}
{{- range $key, $value := $own }}{{ $_ := set $all $key $value }}{{ end -}}
{{- include "routeiq.env.with" (list $all $service) }}
{{- end }}

{{/* The list of (list $mapping $service), with what values say of that service over it. */}}
{{- define "routeiq.env.with" -}}
{{- $all := first . -}}{{- $service := last . -}}
{{- range $key, $value := $service.env }}{{ $_ := set $all $key $value }}{{ end -}}
{{- range $service.extraEnv }}{{ $_ := unset $all .name }}{{ end -}}
{{- include "routeiq.env.list" $all }}
{{- with $service.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* A mapping as Kubernetes' list: first what comes from elsewhere, so that texts may name it by `$(NAME)`. */}}
{{- define "routeiq.env.list" -}}
{{- range $name, $value := . }}
{{- if kindIs "map" $value }}
- name: {{ $name }}
  valueFrom:
    {{- if $value.field }}
    fieldRef: { apiVersion: v1, fieldPath: {{ $value.field }} }
    {{- else }}
    secretKeyRef:
      {{- pick $value "key" "optional" | toYaml | nindent 6 }}
      name: {{ $value.secret }}
    {{- end }}
{{- end }}
{{- end }}
{{- range $name, $value := . }}
{{- if not (kindIs "map" $value) }}
- name: {{ $name }}
  value: {{ $value | toString | quote }}
{{- end }}
{{- end }}
{{- end }}

{{/* What every service is told. */}}
{{- define "routeiq.env.all" -}}
{{- $telemetry := (first .).Values.telemetry -}}
POD_NAME: { field: metadata.name }
POD_NAMESPACE: { field: metadata.namespace }
ROUTEIQ_OUTBOUND_OWN_SERVICES: {{ include "routeiq.ownAddresses" (first .) | fromYamlArray | join "," | quote }}
{{- if $telemetry.otlpEndpoint }}
OTEL_EXPORTER_OTLP_ENDPOINT: {{ $telemetry.otlpEndpoint | quote }}
OTEL_RESOURCE_ATTRIBUTES: k8s.namespace.name=$(POD_NAMESPACE),k8s.pod.name=$(POD_NAME)
OTEL_TRACES_SAMPLER: parentbased_traceidratio
OTEL_TRACES_SAMPLER_ARG: {{ $telemetry.samplingRatio | quote }}
{{- with $telemetry.headersSecret }}{{ if .name }}
OTEL_EXPORTER_OTLP_HEADERS: { secret: {{ .name }}, key: {{ .key }} }
{{- end }}{{ end }}
{{- end }}
{{- end }}
