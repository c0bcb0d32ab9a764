{{/* What things are called. Every name is `<fullname>-<component>`, so that releases share a namespace. */}}

{{- define "routeiq.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 40 | trimSuffix "-" -}}
{{- end }}

{{/* Short enough for the longest component and a pod's own suffix. */}}
{{- define "routeiq.fullname" -}}
{{- $name := include "routeiq.name" . -}}
{{- $full := ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name) -}}
{{- default $full .Values.fullnameOverride | replace "." "-" | trunc 40 | trimSuffix "-" -}}
{{- end }}

{{/* `routeiq.component` of (list $ "gateway"): the name of what belongs to that component. */}}
{{- define "routeiq.component" -}}
{{- printf "%s-%s" (include "routeiq.fullname" (first .)) (last .) -}}
{{- end }}

{{/* Labels that never change, of (list $ component): for selectors, policies and budgets. */}}
{{- define "routeiq.selector" -}}
app.kubernetes.io/name: {{ include "routeiq.name" (first .) }}
app.kubernetes.io/instance: {{ (first .).Release.Name }}
app.kubernetes.io/component: {{ last . }}
{{- end }}

{{/* Of pods, of (list $ component): what a new version of the chart alone does not change, so that it restarts none. */}}
{{- define "routeiq.podLabels" -}}
{{- $root := first . -}}
{{ include "routeiq.selector" . }}
app.kubernetes.io/part-of: {{ include "routeiq.name" $root }}
app.kubernetes.io/version: {{ $root.Chart.AppVersion | quote }}
{{- with $root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* All labels, of (list $ component). */}}
{{- define "routeiq.labels" -}}
{{ include "routeiq.podLabels" . }}
app.kubernetes.io/managed-by: {{ (first .).Release.Service }}
helm.sh/chart: {{ printf "%s-%s" (first .).Chart.Name (first .).Chart.Version | replace "+" "_" }}
{{- end }}

{{/* `metadata:` of an object, of (list $ component), or (list $ component name annotations). */}}
{{- define "routeiq.metadata" -}}
{{- $root := index . 0 -}}{{- $component := index . 1 -}}
{{- $name := $component -}}{{- if gt (len .) 2 -}}{{- $name = index . 2 -}}{{- end -}}
{{- $annotations := deepCopy $root.Values.commonAnnotations -}}
{{- if gt (len .) 3 -}}{{- $annotations = merge $annotations (index . 3) -}}{{- end -}}
name: {{ include "routeiq.component" (list $root $name) }}
namespace: {{ $root.Release.Namespace }}
labels: {{- include "routeiq.labels" (list $root $component) | nindent 2 }}
{{- with $annotations }}
annotations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* Labels and annotations of a pod that is no service's, of (list $ component): with those of `defaults`. */}}
{{- define "routeiq.otherPodLabels" -}}
{{ include "routeiq.podLabels" . }}
{{- with (first .).Values.defaults.podLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}
