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

{{/* What values say of control's database themselves; `elsewhere`: a Secret or a ConfigMap does. */}}
{{- define "routeiq.ownDatabase" -}}
{{- $name := "ROUTEIQ_CONTROL_DATABASE_URL" -}}
{{- $control := include "routeiq.service" (list . "control") | fromYaml -}}
{{- $own := get $control.env $name -}}
{{- range $control.extraEnv }}{{ if eq .name $name }}{{ $own = .value | default "elsewhere" }}{{ end }}{{ end -}}
{{- $own -}}
{{- end }}

{{/* `true` where a job brings the schema up: control has a database that is not a file of its own. */}}
{{- define "routeiq.migrates" -}}
{{- $control := has "control" (include "routeiq.enabled" . | fromYamlArray) -}}
{{- $own := include "routeiq.ownDatabase" . -}}
{{- if and .Values.migrations.enabled $control (not (hasPrefix "sqlite" $own)) (or $own (include "routeiq.hasPostgres" .)) }}true{{ end -}}
{{- end }}

{{/* `true` where the database, or the Secret with its address, comes with the release itself. */}}
{{- define "routeiq.bringsDatabase" -}}
{{- $address := and .Values.externalSecret.enabled (eq .Values.postgres.existingSecret .Values.secrets.existingSecret) -}}
{{- if or .Values.bundled.postgres.enabled $address }}true{{ end -}}
{{- end }}
