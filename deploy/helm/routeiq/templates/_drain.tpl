{{/* How pods end. All of it follows from `drain`, so that no part can be shorter than another that it contains. */}}

{{/* A gateway, in seconds: `sleep` before the signal, while endpoints learn that the pod ends; `delay` after it, while
who asks for readiness himself learns it; `streams` for what runs; `grace` for all of it, the 5 s in which the gateway
ends what is left with an error event, and 10 to write its journal. */}}
{{- define "routeiq.drain" -}}
{{- $notice := .Values.drain.endpointSeconds | int -}}
{{- $streams := .Values.drain.maxStreamSeconds | int -}}
sleep: {{ $notice }}
delay: {{ $notice }}
streams: {{ $streams }}
grace: {{ add (mul 2 $notice) $streams 15 }}
{{- end }}

{{/* The seconds that (list $ name) needs to end: the others stop within 30 of the signal. */}}
{{- define "routeiq.needsToEnd" -}}
{{- $drain := include "routeiq.drain" (first .) | fromYaml -}}
{{- if eq (last .) "gateway" }}{{ $drain.grace }}{{ else }}{{ add $drain.sleep 45 }}{{ end -}}
{{- end }}

{{- define "routeiq.grace" -}}
{{- (include "routeiq.service" . | fromYaml).terminationGracePeriodSeconds | default (include "routeiq.needsToEnd" .) | int -}}
{{- end }}
