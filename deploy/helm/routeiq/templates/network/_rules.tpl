{{/* The rules of one component's policy, each as a YAML list, of (list $ component). */}}

{{- define "routeiq.ingressRules" -}}
{{- $root := first . -}}{{- $component := last . -}}
{{- $policy := $root.Values.networkPolicy -}}
{{- $running := include "routeiq.components" $root | fromYamlArray -}}
{{- if eq $component "gateway" }}
- ports: {{- include "routeiq.tcp" (omit (include "routeiq.ports" . | fromYaml) "ops" | values | sortAlpha) | nindent 4 }}
  {{- with $policy.ingressFrom }}
  from: {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}
{{- if and $policy.monitoringFrom (has $component (include "routeiq.enabled" $root | fromYamlArray)) }}
- from: {{- toYaml $policy.monitoringFrom | nindent 4 }}
  ports: {{- include "routeiq.tcp" (list (include "routeiq.portNumber" (list $root $component "ops"))) | nindent 4 }}
{{- end }}
{{- range include "routeiq.edges" $root | fromYamlArray }}
{{- if and (eq .to $component) (has .from $running) }}
- from: {{- include "routeiq.peer" (list $root .from) | nindent 4 }}
  ports: {{- include "routeiq.tcp" (list (include "routeiq.portNumber" (list $root .to .port))) | nindent 4 }}
{{- end }}
{{- end }}
{{- end }}

{{- define "routeiq.egressRules" -}}
{{- $root := first . -}}{{- $component := last . -}}
{{- $policy := $root.Values.networkPolicy -}}
{{- $running := include "routeiq.components" $root | fromYamlArray -}}
{{- $stores := list "postgres" "redis" "nats" -}}
{{- $calls := false -}}
{{- range include "routeiq.edges" $root | fromYamlArray }}
{{- if eq .from $component }}
{{- if has .to $running }}
{{- $calls = true }}
- to: {{- include "routeiq.peer" (list $root .to) | nindent 4 }}
  ports: {{- include "routeiq.tcp" (list (include "routeiq.portNumber" (list $root .to .port))) | nindent 4 }}
{{- else if and (has .to $stores) (index $root.Values .to).existingSecret }}
{{- $calls = true }}
{{- $store := index $policy.stores .to }}
- to: {{- $store.to | default (include "routeiq.anywhere" $root | fromYamlArray) | toYaml | nindent 4 }}
  ports: {{- include "routeiq.tcp" (list $store.port) | nindent 4 }}
{{- end }}
{{- end }}
{{- end }}
{{- range index (include "routeiq.outerEdges" $root | fromYaml) $component }}
{{- $calls = true }}
{{- include (printf "routeiq.egressTo.%s" .) $root }}
{{- end }}
{{- with index $policy.egress.extra $component }}
{{- $calls = true }}
{{ toYaml . }}
{{- end }}
{{- if and $root.Values.telemetry.otlpEndpoint (has $component (include "routeiq.enabled" $root | fromYamlArray)) }}
{{- $calls = true }}
{{- include "routeiq.egressTo.telemetry" $root }}
{{- end }}
{{- if $calls }}
- to: {{- toYaml $policy.dns.to | nindent 4 }}
  ports:
    {{- range $policy.dns.ports }}
    - { protocol: UDP, port: {{ . }} }
    - { protocol: TCP, port: {{ . }} }
    {{- end }}
{{- end }}
{{- end }}

{{- define "routeiq.egressTo.internet" }}
- to: {{- include "routeiq.internet" . | nindent 4 }}
  ports: {{- include "routeiq.tcp" .Values.networkPolicy.egress.ports | nindent 4 }}
{{- end }}

{{- define "routeiq.egressTo.namespace" }}
{{- if .Values.networkPolicy.egress.namespace }}
- to: {{- include "routeiq.neighbours" . | nindent 4 }}
{{- end }}
{{- end }}

{{- define "routeiq.egressTo.kubernetesAPI" }}
{{- $api := .Values.networkPolicy.kubernetesAPI }}
- to: {{- $api.to | default (include "routeiq.anywhere" . | fromYamlArray) | toYaml | nindent 4 }}
  ports: {{- include "routeiq.tcp" $api.ports | nindent 4 }}
{{- end }}

{{- define "routeiq.egressTo.telemetry" }}
{{- $url := urlParse .Values.telemetry.otlpEndpoint }}
{{- $port := regexFind "[0-9]+$" $url.host | default (ternary "443" "4317" (eq $url.scheme "https")) }}
- to: {{- .Values.networkPolicy.telemetry.to | default (include "routeiq.anywhere" . | fromYamlArray) | toYaml | nindent 4 }}
  ports: {{- include "routeiq.tcp" (list $port) | nindent 4 }}
{{- end }}
