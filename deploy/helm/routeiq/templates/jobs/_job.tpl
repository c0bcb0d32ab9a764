{{/* A job that the suite's own program does: (list $ dict), with `component`, `image` (a service's), `args`, `deadline`,
`retries`, `env` and `annotations`; `token`: it calls the Kubernetes API. Its name has a hash of its image in it, because a
job cannot be changed: `kubectl apply` and Argo CD make the next release's beside it. */}}

{{- define "routeiq.job" -}}
{{- $root := first . -}}{{- $job := last . -}}
{{- $image := include "routeiq.image" (list $root $job.image) -}}
apiVersion: batch/v1
kind: Job
metadata: {{- include "routeiq.metadata" (list $root $job.component (printf "%s-%s" $job.component (trunc 8 (sha256sum $image))) $job.annotations) | nindent 2 }}
spec:
  backoffLimit: {{ $job.retries }}
  activeDeadlineSeconds: {{ $job.deadline }}
  {{- if $job.annotations }}
  ttlSecondsAfterFinished: 86400
  {{- end }}
  template:
    metadata:
      labels: {{- include "routeiq.podLabels" (list $root $job.component) | nindent 8 }}
    spec:
      restartPolicy: Never
      serviceAccountName: {{ include "routeiq.component" (list $root $job.component) }}
      automountServiceAccountToken: {{ $job.token | default false }}
      enableServiceLinks: false
      {{- with $root.Values.imagePullSecrets }}
      imagePullSecrets: {{- toYaml . | nindent 8 }}
      {{- end }}
      securityContext: {{- include "routeiq.podSecurity" $root | nindent 8 }}
      containers:
        - name: {{ $job.component }}
          image: {{ $image }}
          imagePullPolicy: {{ $root.Values.image.pullPolicy }}
          args: {{- toYaml $job.args | nindent 12 }}
          securityContext: {{- include "routeiq.containerSecurity" $root | nindent 12 }}
          env: {{- include "routeiq.env.list" $job.env | nindent 12 }}
          resources: {{- toYaml $root.Values.defaults.resources | nindent 12 }}
          volumeMounts: [{ name: tmp, mountPath: /tmp }]
      volumes: [{ name: tmp, emptyDir: {} }]
{{- end }}

{{/* The annotations of a hook that comes when `events` say, `weight` its place among them. What it leaves behind is its
log, where it failed. */}}
{{- define "routeiq.hook" -}}
helm.sh/hook: {{ .events }}
helm.sh/hook-weight: {{ .weight | quote }}
helm.sh/hook-delete-policy: {{ .delete | default "before-hook-creation,hook-succeeded" }}
{{- end }}
