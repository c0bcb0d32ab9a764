{{/* A range of (list $name $scaler) that leaves nothing to decide. */}}
{{- define "routeiq.refuseScale" -}}
{{- $name := first . -}}
{{- with last . -}}
{{- if lt (int .maxReplicas) (int .minReplicas) -}}
{{- fail (printf "services.%s: maxReplicas=%d is less than minReplicas=%d." $name (int .maxReplicas) (int .minReplicas)) -}}
{{- end -}}
{{- end -}}
{{- end }}
