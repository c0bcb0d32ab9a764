{{/* The one workload of (list $ name): a Deployment, whichever of the six services it runs. */}}

{{- define "routeiq.workload" -}}
{{- $root := first . -}}{{- $name := last . -}}
{{- $service := include "routeiq.service" . | fromYaml -}}
apiVersion: apps/v1
kind: Deployment
metadata: {{- include "routeiq.metadata" . | nindent 2 }}
spec:
  {{- if not (include "routeiq.scaled" .) }}
  replicas: {{ $service.replicas }}
  {{- end }}
  revisionHistoryLimit: 5
  strategy: {{- include "routeiq.strategy" . | nindent 4 }}
  selector:
    matchLabels: {{- include "routeiq.selector" . | nindent 6 }}
  template:
    metadata:
      labels:
        {{- include "routeiq.podLabels" . | nindent 8 }}
        {{- with $service.podLabels }}{{ toYaml . | nindent 8 }}{{ end }}
      annotations: {{- include "routeiq.podAnnotations" . | nindent 8 }}
    spec: {{- include "routeiq.podSpec" . | nindent 6 }}
{{- end }}

{{/* Two config-syncs without an election would both lead, so that one ends before the next begins. */}}
{{- define "routeiq.strategy" -}}
{{- if and (eq (last .) "config-sync") (eq (first .).Values.config.election "none") -}}
type: Recreate
{{- else -}}
type: RollingUpdate
rollingUpdate: { maxUnavailable: 0, maxSurge: 1 }
{{- end }}
{{- end }}

{{/* A checksum stands only for what a pod reads at its start and nobody tells it later. The document is none of that,
unless there is no config-sync to tell. */}}
{{- define "routeiq.podAnnotations" -}}
{{- $root := first . -}}
kubectl.kubernetes.io/default-container: {{ last . }}
{{- if and (has (last .) (list "gateway" "control")) (not (include "routeiq.followsFleet" $root)) }}
checksum/document: {{ include "routeiq.documentText" $root | sha256sum }}
{{- end }}
{{- if and (eq (last .) "config-sync") $root.Values.config.publicKeys }}
checksum/signers: {{ $root.Values.config.publicKeys | toJson | sha256sum }}
{{- end }}
{{- with $root.Values.secrets.revision }}
routeiq/keys-revision: {{ . | quote }}
{{- end }}
{{- with (include "routeiq.service" . | fromYaml).podAnnotations }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "routeiq.serviceAccount" -}}
{{- (include "routeiq.service" . | fromYaml).serviceAccount.name | default (include "routeiq.component" .) -}}
{{- end }}
