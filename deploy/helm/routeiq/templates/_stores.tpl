{{/* Where the suite keeps what it knows: the Secret of its keys, PostgreSQL, Redis, NATS. */}}

{{/* The Secret that holds the suite's own keys; values.yaml lists them under `secrets`. */}}
{{- define "routeiq.secret" -}}
{{- .Values.secrets.existingSecret | default (include "routeiq.component" (list . "keys")) -}}
{{- end }}

{{/* Names of the bundled servers, which are their host names, too. */}}
{{- define "routeiq.postgres" -}}{{ include "routeiq.component" (list . "postgres") }}{{- end }}
{{- define "routeiq.redis" -}}{{ include "routeiq.component" (list . "redis") }}{{- end }}
{{- define "routeiq.nats" -}}{{ include "routeiq.component" (list . "nats") }}{{- end }}

{{/* `true` where there is one, bundled or not. */}}
{{- define "routeiq.hasPostgres" -}}{{ if or .Values.bundled.postgres.enabled .Values.postgres.existingSecret }}true{{ end }}{{- end }}
{{- define "routeiq.hasRedis" -}}{{ if or .Values.bundled.redis.enabled .Values.redis.existingSecret }}true{{ end }}{{- end }}
{{- define "routeiq.hasNATS" -}}{{ if or .Values.bundled.nats.enabled .Values.nats.existingSecret }}true{{ end }}{{- end }}
