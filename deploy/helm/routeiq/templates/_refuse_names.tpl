{{/* Names and labels that Kubernetes would refuse, or that would lead selectors astray. */}}

{{- define "routeiq.refuseNames" -}}
{{- $name := include "routeiq.fullname" . -}}
{{- if not (regexMatch "^[a-z]" $name) -}}
{{- fail (printf "the Services' names would begin with %s, and Kubernetes wants a letter there: set fullnameOverride." (quote (substr 0 1 $name))) -}}
{{- end -}}
{{- include "routeiq.refuseLabels" (list "commonLabels" .Values.commonLabels) -}}
{{- range $service := include "routeiq.enabled" . | fromYamlArray -}}
{{- $labels := (include "routeiq.service" (list $ $service) | fromYaml).podLabels -}}
{{- include "routeiq.refuseLabels" (list (printf "services.%s.podLabels" $service) $labels) -}}
{{- end -}}
{{- end }}

{{/* Of (list place labels). */}}
{{- define "routeiq.refuseLabels" -}}
{{- range $key := keys (last .) | sortAlpha -}}
{{- if regexMatch "^(app[.]kubernetes[.]io/(name|instance|component|part-of|version|managed-by)|helm[.]sh/chart)$" $key -}}
{{- fail (printf "%s: %s is the chart's own label." (first $) $key) -}}
{{- end -}}
{{- end -}}
{{- end }}
