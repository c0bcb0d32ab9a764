{{/* Peers of network policies, each as a YAML list. */}}

{{/* What carries the labels of (list $ component). */}}
{{- define "routeiq.peer" -}}
- podSelector:
    matchLabels:
      {{- include "routeiq.selector" . | nindent 6 }}
{{- end }}

{{/* Every address but those in a list, of (list cidr ...). A family's exceptions have to be of that family. */}}
{{- define "routeiq.addressesBut" -}}
{{- range $family := list "0.0.0.0/0" "::/0" }}
- ipBlock:
    cidr: {{ $family }}
    {{- $except := list }}
    {{- range $ }}{{ if eq (contains ":" .) (contains ":" $family) }}{{ $except = append $except . }}{{ end }}{{ end }}
    {{- with uniq $except }}
    except: {{- toYaml . | nindent 6 }}
    {{- end }}
{{- end }}
{{- end }}

{{/* Where something of the operator's is that has no address in values: any pod, any address but the metadata services'. */}}
{{- define "routeiq.anywhere" -}}
- namespaceSelector: {}
{{ include "routeiq.addressesBut" .Values.networkPolicy.egress.metadataCIDRs }}
{{- end }}

{{- define "routeiq.internet" -}}
{{- $egress := .Values.networkPolicy.egress -}}
{{ include "routeiq.addressesBut" (concat $egress.metadataCIDRs $egress.privateCIDRs) }}
{{- end }}

{{/* Pods of this namespace that are not a suite of ours: the models, agents and tools that run beside it. */}}
{{- define "routeiq.neighbours" -}}
- podSelector:
    matchExpressions:
      - { key: app.kubernetes.io/part-of, operator: NotIn, values: [{{ include "routeiq.name" . }}] }
{{- end }}

{{/* TCP ports of a rule, of a list of numbers. */}}
{{- define "routeiq.tcp" -}}
{{- range . }}
- { protocol: TCP, port: {{ . }} }
{{- end }}
{{- end }}
