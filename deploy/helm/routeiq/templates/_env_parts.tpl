{{/* Parts of an environment that several services share, as mappings. Passwords of bundled servers come into their
addresses by `$(NAME)`, which Kubernetes resolves in the container alone. */}}

{{- define "routeiq.env.database" -}}
{{- if .Values.bundled.postgres.enabled }}
BUNDLED_POSTGRES_PASSWORD: { secret: {{ include "routeiq.secret" . }}, key: postgres-password }
ROUTEIQ_CONTROL_DATABASE_URL: postgresql://routeiq:$(BUNDLED_POSTGRES_PASSWORD)@{{ include "routeiq.postgres" . }}:5432/routeiq
{{- else if .Values.postgres.existingSecret }}
ROUTEIQ_CONTROL_DATABASE_URL: { secret: {{ .Values.postgres.existingSecret }}, key: {{ .Values.postgres.key }} }
{{- end }}
{{- end }}

{{- define "routeiq.env.redis" -}}
{{- if .Values.bundled.redis.enabled }}
BUNDLED_REDIS_PASSWORD: { secret: {{ include "routeiq.secret" . }}, key: redis-password }
ROUTEIQ_GATEWAY_REDIS_URL: redis://:$(BUNDLED_REDIS_PASSWORD)@{{ include "routeiq.redis" . }}:6379/0
{{- else if .Values.redis.existingSecret }}
ROUTEIQ_GATEWAY_REDIS_URL: { secret: {{ .Values.redis.existingSecret }}, key: {{ .Values.redis.key }} }
{{- end }}
{{- end }}

{{- define "routeiq.env.nats" -}}
{{- if .Values.bundled.nats.enabled }}
BUNDLED_NATS_TOKEN: { secret: {{ include "routeiq.secret" . }}, key: nats-token }
ROUTEIQ_NATS_URL: nats://$(BUNDLED_NATS_TOKEN)@{{ include "routeiq.nats" . }}:4222
{{- else if .Values.nats.existingSecret }}
ROUTEIQ_NATS_URL: { secret: {{ .Values.nats.existingSecret }}, key: {{ .Values.nats.key }} }
{{- end }}
{{- end }}

{{- define "routeiq.env.providers" -}}
{{- range .Values.providers.env }}
{{ .name }}: { secret: {{ .secret | default $.Values.providers.existingSecret }}, key: {{ .key | default .name }} }
{{- end }}
{{- end }}

{{/* `<local>`: names without a dot, which the cluster's DNS looks up in the pod's own namespace first. */}}
{{- define "routeiq.env.outbound" -}}
{{- $hosts := .Values.outbound.hosts -}}
{{- if .Values.outbound.releaseNamespace -}}
{{- $service := printf "*.%s.svc" .Release.Namespace -}}
{{- $hosts = concat (list "<local>" $service (printf "%s.%s" $service .Values.clusterDomain)) $hosts -}}
{{- end }}
{{- with $hosts }}
LLMROUTER_OUTBOUND_HOST_ALLOWLIST: {{ join "," . | quote }}
{{- end }}
{{- with .Values.outbound.cidrs }}
LLMROUTER_OUTBOUND_CIDR_ALLOWLIST: {{ join "," . | quote }}
{{- end }}
{{- with .Values.outbound.urls }}
LLMROUTER_OUTBOUND_URL_ALLOWLIST: {{ join "," . | quote }}
{{- end }}
{{- end }}

{{/* Where config-sync reads the document, and how its replicas agree on who leads. */}}
{{- define "routeiq.env.source" -}}
{{- $config := .Values.config -}}
CONFIG_SYNC_INTERVAL: {{ $config.intervalSeconds | quote }}
CONFIG_HOT_RELOAD: {{ $config.hotReload | quote }}
LLMROUTER_HA_MODE: {{ ternary "single" "leader_election" (eq $config.election "none") }}
ROUTEIQ_LEADER_ELECTION_BACKEND: {{ $config.election }}
LLMROUTER_CONFIG_SYNC_LOCK_NAME: {{ include "routeiq.fullname" . }}
{{- if eq $config.source "configmap" }}
ROUTEIQ_CONFIG_SYNC_CONFIGMAP: {{ .Release.Namespace }}/{{ include "routeiq.document" . }}/{{ $config.key }}
{{- else if eq $config.source "s3" }}
CONFIG_S3_BUCKET: {{ $config.s3.bucket | quote }}
CONFIG_S3_KEY: {{ $config.s3.key | quote }}
{{- with $config.s3.endpoint }}
AWS_ENDPOINT_URL: {{ . | quote }}
{{- end }}
{{- with $config.s3.region }}
AWS_REGION: {{ . | quote }}
{{- end }}
{{- with $config.s3.existingSecret }}
AWS_ACCESS_KEY_ID: { secret: {{ . }}, key: AWS_ACCESS_KEY_ID }
AWS_SECRET_ACCESS_KEY: { secret: {{ . }}, key: AWS_SECRET_ACCESS_KEY }
AWS_SESSION_TOKEN: { secret: {{ . }}, key: AWS_SESSION_TOKEN, optional: true }
{{- end }}
{{- else if eq $config.source "gcs" }}
CONFIG_GCS_BUCKET: {{ $config.gcs.bucket | quote }}
CONFIG_GCS_KEY: {{ $config.gcs.key | quote }}
{{- end }}
{{- with $config.publicKeys }}
{{- $files := list }}{{ range $name, $_ := . }}{{ $files = append $files (printf "/etc/routeiq/signers/%s" $name) }}{{ end }}
ROUTEIQ_CONFIG_SYNC_PUBLIC_KEYS: {{ join ":" $files | quote }}
{{- end }}
{{- end }}
