{{/* A service's pod, of (list $ name). */}}

{{- define "routeiq.podSpec" -}}
{{- $root := first . -}}{{- $name := last . -}}
{{- $service := include "routeiq.service" . | fromYaml -}}
{{- with $root.Values.imagePullSecrets }}
imagePullSecrets: {{- toYaml . | nindent 2 }}
{{- end }}
serviceAccountName: {{ include "routeiq.serviceAccount" . }}
automountServiceAccountToken: {{ eq (include "routeiq.callsKubernetes" .) "true" }}
# Without it a Service called <release>-gateway would set ROUTEIQ_GATEWAY_PORT, which is a setting.
enableServiceLinks: false
terminationGracePeriodSeconds: {{ include "routeiq.grace" . }}
securityContext: {{- include "routeiq.podSecurity" $root | nindent 2 }}
{{- include "routeiq.placement" . }}
containers:
  - name: {{ $name }}
    image: {{ include "routeiq.image" . }}
    imagePullPolicy: {{ $root.Values.image.pullPolicy }}
    args: [serve, {{ $name }}]
    securityContext: {{- include "routeiq.containerSecurity" $root | nindent 6 }}
    env: {{- include "routeiq.env" . | nindent 6 }}
    ports:
      {{- range $port, $number := include "routeiq.ports" . | fromYaml }}
      - { name: {{ $port }}, containerPort: {{ $number }}, protocol: TCP }
      {{- end }}
    {{- include "routeiq.probes" $name | nindent 4 }}
    lifecycle:
      preStop:
        sleep: { seconds: {{ (include "routeiq.drain" $root | fromYaml).sleep }} }
    resources: {{- toYaml $service.resources | nindent 6 }}
    volumeMounts: {{- include "routeiq.mounts" . | nindent 6 }}
volumes: {{- include "routeiq.volumes" . | nindent 2 }}
{{- end }}

{{/* `true` for who needs its service account's token: config-sync, for its ConfigMap and its Lease. */}}
{{- define "routeiq.callsKubernetes" -}}
{{- $config := (first .).Values.config -}}
{{- if and (eq (last .) "config-sync") (or (eq $config.source "configmap") (eq $config.election "kubernetes")) }}true{{ end -}}
{{- end }}

{{/* Which nodes. */}}
{{- define "routeiq.placement" -}}
{{- $service := include "routeiq.service" . | fromYaml -}}
{{- include "routeiq.placementOf" $service }}
{{- if $service.topologySpread.enabled }}
topologySpreadConstraints:
  - {{ omit $service.topologySpread "enabled" | toYaml | nindent 4 | trim }}
    labelSelector:
      matchLabels: {{- include "routeiq.selector" . | nindent 8 }}
    matchLabelKeys: [pod-template-hash]
{{- end }}
{{- end }}

{{/* The same by values: a service's, or `defaults` for jobs, bundled servers and the test. */}}
{{- define "routeiq.placementOf" -}}
{{- with .priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .affinity }}
affinity: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}
