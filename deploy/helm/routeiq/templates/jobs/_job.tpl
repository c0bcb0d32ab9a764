{{/* A job that the suite's own program does: (list $ dict), with `component`, `image` (a service's), `args`, `deadline`,
`retries`, `env` and `annotations`, which a hook has; `of`: a service whose own environment wins, and whose volumes it has; `token`: it calls the
Kubernetes API. A job cannot be changed, so that its name has a hash of all that it is. One that is no hook has the
release's revision in it, too: an upgrade then makes another one, and mends what the last one could not do. */}}

{{- define "routeiq.job" -}}
{{- $root := first . -}}{{- $job := last . -}}
{{- $spec := include "routeiq.jobSpec" . -}}
{{- $revision := ternary "" (toString $root.Release.Revision) (not (empty $job.annotations)) -}}
{{- $hash := printf "%s%s" $revision $spec | sha256sum | trunc 8 -}}
apiVersion: batch/v1
kind: Job
metadata: {{- include "routeiq.metadata" (list $root $job.component (printf "%s-%s" $job.component $hash) $job.annotations) | nindent 2 }}
spec: {{- $spec | nindent 2 }}
{{- end }}

{{- define "routeiq.jobSpec" -}}
{{- $root := first . -}}{{- $job := last . -}}
backoffLimit: {{ $job.retries }}
activeDeadlineSeconds: {{ $job.deadline }}
{{- if $job.annotations }}
ttlSecondsAfterFinished: 86400
{{- end }}
template:
  metadata:
    labels: {{- include "routeiq.otherPodLabels" (list $root $job.component) | nindent 6 }}
    {{- with $root.Values.defaults.podAnnotations }}
    annotations: {{- toYaml . | nindent 6 }}
    {{- end }}
  spec:
    restartPolicy: Never
    serviceAccountName: {{ include "routeiq.component" (list $root $job.component) }}
    automountServiceAccountToken: {{ $job.token | default false }}
    enableServiceLinks: false
    {{- include "routeiq.placementOf" $root.Values.defaults | nindent 4 }}
    {{- with $root.Values.imagePullSecrets }}
    imagePullSecrets: {{- toYaml . | nindent 6 }}
    {{- end }}
    securityContext: {{- include "routeiq.podSecurity" $root | nindent 6 }}
    containers:
      - name: {{ $job.component }}
        image: {{ include "routeiq.image" (list $root $job.image) }}
        imagePullPolicy: {{ $root.Values.image.pullPolicy }}
        args: {{- toYaml $job.args | nindent 10 }}
        securityContext: {{- include "routeiq.containerSecurity" $root | nindent 10 }}
        env: {{- include "routeiq.env.with" (list $job.env ($job.of | default dict)) | nindent 10 }}
        resources: {{- toYaml $root.Values.defaults.resources | nindent 10 }}
        volumeMounts:
          - { name: tmp, mountPath: /tmp }
          {{- with ($job.of | default dict).extraVolumeMounts }}{{ toYaml . | nindent 10 }}{{ end }}
    volumes:
      - { name: tmp, emptyDir: {} }
      {{- with ($job.of | default dict).extraVolumes }}{{ toYaml . | nindent 6 }}{{ end }}
{{- end }}

{{/* The annotations of a hook that comes when `events` say, `weight` its place among them. What it leaves behind is its
log, where it failed. */}}
{{- define "routeiq.hook" -}}
helm.sh/hook: {{ .events }}
helm.sh/hook-weight: {{ .weight | quote }}
helm.sh/hook-delete-policy: {{ .delete | default "before-hook-creation,hook-succeeded" }}
{{- end }}
