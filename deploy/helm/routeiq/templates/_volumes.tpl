{{/* What is mounted, of (list $ name). The root file system is read-only. */}}

{{- define "routeiq.mounts" -}}
{{- $root := first . -}}{{- $name := last . -}}
- { name: tmp, mountPath: /tmp }
{{- if has $name (list "gateway" "routing") }}
- { name: state, mountPath: /var/lib/routeiq/state }
{{- end }}
{{- if eq $name "gateway" }}
- { name: journal, mountPath: /var/lib/routeiq/journal }
{{- else }}
- { name: public, mountPath: /etc/routeiq/public, readOnly: true }
{{- end }}
{{- with include "routeiq.privateKey" . }}
# By `subPath`, because a file of a Secret is a symbolic link otherwise, and those are not followed to a private key.
- { name: keys, mountPath: /etc/routeiq/keys/{{ . }}, subPath: {{ . }}, readOnly: true }
{{- end }}
{{- if include "routeiq.documentVolume" . }}
- { name: document, mountPath: /etc/routeiq/document, readOnly: true }
{{- end }}
{{- if and (eq $name "config-sync") $root.Values.config.publicKeys }}
- { name: signers, mountPath: /etc/routeiq/signers, readOnly: true }
{{- end }}
{{- with (include "routeiq.service" . | fromYaml).extraVolumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "routeiq.volumes" -}}
{{- $root := first . -}}{{- $name := last . -}}
- name: tmp
  emptyDir: {}
{{- if has $name (list "gateway" "routing") }}
- name: state
  emptyDir: {}
{{- end }}
{{- if eq $name "gateway" }}
- name: journal
  {{- include "routeiq.journal" $root | nindent 2 }}
{{- else }}
- name: public
  secret:
    secretName: {{ include "routeiq.secret" $root }}
    items:
      - { key: identity-public-key, path: identity.pub }
      {{- if eq $name "routing" }}
      - { key: config-sync-identity-public-key, path: config-sync.pub }
      {{- end }}
{{- end }}
{{- with include "routeiq.privateKey" . }}
# Root's, readable by the pod's group: what the services ask of a private key's file.
- name: keys
  secret:
    secretName: {{ include "routeiq.secret" $root }}
    defaultMode: 288 # 0440
    items:
      - { key: {{ . }}, path: {{ . }} }
{{- end }}
{{- with include "routeiq.documentVolume" . }}
- name: document
  configMap: { name: {{ . }} }
{{- end }}
{{- if and (eq $name "config-sync") $root.Values.config.publicKeys }}
- name: signers
  configMap: { name: {{ include "routeiq.component" (list $root "signers") }} }
{{- end }}
{{- with (include "routeiq.service" . | fromYaml).extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* The key in the Secret with which (list $ name) signs what it says to others; empty: it says nothing. */}}
{{- define "routeiq.privateKey" -}}
{{- if eq (last .) "gateway" -}}
identity-key
{{- else if and (eq (last .) "config-sync") (has "routing" (include "routeiq.enabled" (first .) | fromYamlArray)) -}}
config-sync-identity-key
{{- end }}
{{- end }}

{{/* The ConfigMap with the document that (list $ name) reads at its start. Where the fleet has the word, a gateway waits
for that: what the ConfigMap says now may not have been rolled out, or have been rolled back. Control takes it only if
there is no release yet, for what it reads at its start alone. */}}
{{- define "routeiq.documentVolume" -}}
{{- $root := first . -}}
{{- $reads := or (eq (last .) "control") (and (eq (last .) "gateway") (not (include "routeiq.followsFleet" $root))) -}}
{{- if and $reads (eq $root.Values.config.source "configmap") }}{{ include "routeiq.document" $root }}{{ end -}}
{{- end }}

{{- define "routeiq.journal" -}}
{{- $journal := .Values.journal -}}
{{- if eq $journal.storage "existingClaim" -}}
persistentVolumeClaim: { claimName: {{ $journal.existingClaim }} }
{{- else if eq $journal.storage "ephemeralVolume" -}}
ephemeral:
  volumeClaimTemplate:
    spec:
      accessModes: [ReadWriteOnce]
      {{- with $journal.storageClassName }}
      storageClassName: {{ . }}
      {{- end }}
      resources: { requests: { storage: {{ $journal.size }} } }
{{- else -}}
emptyDir: { sizeLimit: {{ $journal.size }} }
{{- end }}
{{- end }}

{{/* How far the journal may grow, in MiB: well below its volume's size, because who passes that is evicted. */}}
{{- define "routeiq.journalMaxMiB" -}}
{{- $size := .Values.journal.size -}}
{{- if not (kindIs "string" $size) }}{{ $size = printf "%.0f" (float64 $size) }}{{ end -}}
{{- $units := dict "" 1 "k" 1e3 "M" 1e6 "G" 1e9 "T" 1e12 "Ki" 1024 "Mi" 1048576 "Gi" 1073741824 "Ti" 1099511627776 -}}
{{- $bytes := mulf (regexFind "^[0-9.]+" $size | float64) (get $units (regexFind "[A-Za-z]*$" $size) | default 0 | float64) -}}
{{- $most := divf (mulf $bytes 0.8) 1048576.0 | floor | int -}}
{{- if lt $most 16 -}}
{{- fail (printf "journal.size=%s has no room for a journal: give it more, such as 1Gi." $size) -}}
{{- end -}}
{{- $most -}}
{{- end }}
