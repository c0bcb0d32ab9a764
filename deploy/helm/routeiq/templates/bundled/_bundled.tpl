{{/*
The servers of a trial: one pod each of PostgreSQL, Valkey and NATS. What they have in common. Their passwords are keys of
the suite's own Secret (`routeiq.secret`), which is made once and outlives the release, as their volumes do.
Each template takes (list $ "postgres"), (list $ "redis") or (list $ "nats").
*/}}

{{/* One address that outlives the pod: a headless name would be cached by clients while the pod moves. */}}
{{- define "routeiq.bundled.service" -}}
apiVersion: v1
kind: Service
metadata:
  {{- include "routeiq.metadata" (list (index . 0) (index . 1)) | nindent 2 }}
spec:
  selector:
    {{- include "routeiq.selector" (list (index . 0) (index . 1)) | nindent 4 }}
  ports:
    - { name: {{ index . 1 }}, port: {{ index . 2 }}, targetPort: {{ index . 1 }} }
{{- end }}

{{- define "routeiq.bundled.serviceAccount" -}}
apiVersion: v1
kind: ServiceAccount
metadata:
  {{- include "routeiq.metadata" . | nindent 2 }}
automountServiceAccountToken: false
{{- end }}

{{/* What every pod of theirs says before its containers. fsGroup makes the volume writable for an unprivileged user. */}}
{{- define "routeiq.bundled.pod" -}}
{{- $root := index . 0 -}}
{{- $server := index $root.Values.bundled (index . 1) -}}
serviceAccountName: {{ include "routeiq.component" . }}
automountServiceAccountToken: false
enableServiceLinks: false
{{- include "routeiq.placementOf" $root.Values.defaults }}
{{- with $root.Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
securityContext:
  runAsNonRoot: true
  {{- with $server.runAsUser }}
  runAsUser: {{ . | int64 }}
  runAsGroup: {{ . | int64 }}
  fsGroup: {{ . | int64 }}
  {{- end }}
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile: { type: RuntimeDefault }
{{- end }}

{{- define "routeiq.bundled.image" -}}
{{- $root := index . 0 -}}
{{- $server := index $root.Values.bundled (index . 1) -}}
image: {{ $server.image | quote }}
imagePullPolicy: {{ $root.Values.image.pullPolicy }}
securityContext:
  {{- include "routeiq.containerSecurity" $root | nindent 2 }}
resources:
  {{- toYaml $server.resources | nindent 2 }}
{{- end }}

{{/* The pod's volume `data`, where the claim is one that exists; empty: the StatefulSet makes its own. */}}
{{- define "routeiq.bundled.existingClaim" -}}
{{- with (index (index . 0).Values.bundled (index . 1)).storage.existingClaim -}}
- name: data
  persistentVolumeClaim: { claimName: {{ . }} }
{{- end -}}
{{- end }}

{{- define "routeiq.bundled.claimTemplates" -}}
{{- $storage := (index (index . 0).Values.bundled (index . 1)).storage -}}
{{- if not $storage.existingClaim -}}
volumeClaimTemplates:
  - metadata:
      name: data
      labels:
        {{- include "routeiq.selector" . | nindent 8 }}
    spec:
      accessModes: [ReadWriteOnce]
      {{- with $storage.storageClassName }}
      storageClassName: {{ . }}
      {{- end }}
      resources: { requests: { storage: {{ $storage.size }} } }
{{- end -}}
{{- end }}

{{/* Without the release's version: an upgrade of the suite is no reason to restart its database. */}}
{{- define "routeiq.bundled.podLabels" -}}
{{- omit (include "routeiq.otherPodLabels" . | fromYaml) "app.kubernetes.io/version" | toYaml -}}
{{- end }}
