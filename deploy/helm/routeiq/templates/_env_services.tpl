{{/* What each service is told. docs/guides/services.md says what it does with it. */}}

{{- define "routeiq.env.gateway" -}}
{{- $drain := include "routeiq.drain" . | fromYaml -}}
ROUTEIQ_GATEWAY_HOST: {{ .Values.listen | quote }}
ROUTEIQ_GATEWAY_OPS_HOST: {{ .Values.listen | quote }}
{{- with .Values.apiPort }}
ROUTEIQ_GATEWAY_API_PORT: {{ . | int | quote }}
{{- end }}
LITELLM_MASTER_KEY: { secret: {{ include "routeiq.secret" . }}, key: master-key }
SERVICE_KEYS: { secret: {{ include "routeiq.secret" . }}, key: service-keys, optional: true }
ROUTEIQ_GATEWAY_IDENTITY_KEY: /etc/routeiq/keys/identity-key
ROUTEIQ_GATEWAY_STATE_DIR: /var/lib/routeiq/state
ROUTEIQ_GATEWAY_JOURNAL_DIR: /var/lib/routeiq/journal
ROUTEIQ_GATEWAY_JOURNAL_MAX_MIB: {{ include "routeiq.journalMaxMiB" . | quote }}
ROUTEIQ_GATEWAY_DRAIN_DELAY_S: {{ $drain.delay | quote }}
ROUTEIQ_GATEWAY_DRAIN_S: {{ $drain.streams | quote }}
{{- $enabled := include "routeiq.enabled" . | fromYamlArray }}
{{- if has "routing" $enabled }}
ROUTEIQ_GATEWAY_ROUTING_ADDRESS: {{ include "routeiq.component" (list . "routing-headless") }}:50051
{{- end }}
{{- if has "control" $enabled }}
{{- $control := include "routeiq.component" (list . "control") }}
ROUTEIQ_ENCRYPTION_KEY: { secret: {{ include "routeiq.secret" . }}, key: encryption-key }
ROUTEIQ_GATEWAY_CONTROL_ADDRESS: {{ $control }}:50052
ROUTEIQ_GATEWAY_CONTROL_URL: http://{{ $control }}:8130
ROUTEIQ_GATEWAY_CONTROL_OPS_URL: http://{{ $control }}:8131
{{- end }}
{{- if has "config-sync" $enabled }}
ROUTEIQ_GATEWAY_CONFIG_SYNC_URL: http://{{ include "routeiq.component" (list . "config-sync") }}:8140
{{- end }}
{{- if include "routeiq.followsFleet" . }}
ROUTEIQ_GATEWAY_CONFIG_FROM: fleet
{{- else }}
LITELLM_CONFIG_PATH: /etc/routeiq/document/{{ .Values.config.key }}
{{- end }}
{{ include "routeiq.env.redis" . }}
{{ include "routeiq.env.nats" . }}
{{ include "routeiq.env.providers" . }}
{{ include "routeiq.env.outbound" . }}
{{- end }}

{{- define "routeiq.env.control" -}}
ROUTEIQ_CONTROL_HOST: {{ .Values.listen | quote }}
ROUTEIQ_CONTROL_IDENTITY_PUBLIC_KEYS: /etc/routeiq/public/identity.pub
ROUTEIQ_ENCRYPTION_KEY: { secret: {{ include "routeiq.secret" . }}, key: encryption-key }
{{- if include "routeiq.followsFleet" . }}
ROUTEIQ_CONTROL_CONFIG_FROM: fleet
{{- end }}
{{- if include "routeiq.documentVolume" (list . "control") }}
LITELLM_CONFIG_PATH: /etc/routeiq/document/{{ .Values.config.key }}
{{- end }}
{{ include "routeiq.env.database" . }}
{{ include "routeiq.env.nats" . }}
{{ include "routeiq.env.providers" . }}
{{ include "routeiq.env.outbound" . }}
{{- end }}

{{- define "routeiq.env.routing" -}}
ROUTEIQ_ROUTING_HOST: {{ .Values.listen | quote }}
ROUTEIQ_ROUTING_OPS_HOST: {{ .Values.listen | quote }}
ROUTEIQ_ROUTING_CACHE_DIR: /var/lib/routeiq/state
ROUTEIQ_ROUTING_IDENTITY_PUBLIC_KEYS: /etc/routeiq/public/identity.pub:/etc/routeiq/public/config-sync.pub
{{ include "routeiq.env.nats" . }}
{{- end }}

{{- define "routeiq.env.config-sync" -}}
ROUTEIQ_CONFIG_SYNC_HOST: {{ .Values.listen | quote }}
ROUTEIQ_CONFIG_SYNC_IDENTITY_PUBLIC_KEYS: /etc/routeiq/public/identity.pub
{{- if has "routing" (include "routeiq.enabled" . | fromYamlArray) }}
ROUTEIQ_CONFIG_SYNC_IDENTITY_KEY: /etc/routeiq/keys/config-sync-identity-key
ROUTEIQ_CONFIG_SYNC_ROUTING_ADDRESS: {{ include "routeiq.component" (list . "routing-headless") }}:50051
{{- end }}
{{ include "routeiq.env.source" . }}
{{ include "routeiq.env.nats" . }}
{{- end }}

{{- define "routeiq.env.a2a-registry" -}}
ROUTEIQ_A2A_REGISTRY_HOST: {{ .Values.listen | quote }}
ROUTEIQ_A2A_REGISTRY_IDENTITY_PUBLIC_KEYS: /etc/routeiq/public/identity.pub
{{- end }}

{{- define "routeiq.env.mcp-registry" -}}
ROUTEIQ_MCP_REGISTRY_HOST: {{ .Values.listen | quote }}
ROUTEIQ_MCP_REGISTRY_IDENTITY_PUBLIC_KEYS: /etc/routeiq/public/identity.pub
{{- end }}
