{{/* The configuration document: where it is, and who reads it from there. */}}

{{/* The ConfigMap that it is in. */}}
{{- define "routeiq.document" -}}
{{- .Values.config.existingConfigMap | default (include "routeiq.component" (list . "document")) -}}
{{- end }}

{{/* `true` where gateways and control take the document from config-sync, over NATS; else they read their own at the
start, from the ConfigMap, and a change of it has to restart them. */}}
{{- define "routeiq.followsFleet" -}}
{{- if and (include "routeiq.hasNATS" .) (has "config-sync" (include "routeiq.enabled" . | fromYamlArray)) }}true{{ end -}}
{{- end }}

{{- define "routeiq.documentText" -}}
{{- if .Values.config.document }}{{ toYaml .Values.config.document }}{{ else }}{{ .Files.Get "files/simulated.yaml" }}{{ end -}}
{{- end }}

{{/* The Lease of config-sync, as it is called for `LLMROUTER_CONFIG_SYNC_LOCK_NAME`. */}}
{{- define "routeiq.lease" -}}
routeiq-{{ include "routeiq.fullname" . | replace "_" "-" | lower }}
{{- end }}
