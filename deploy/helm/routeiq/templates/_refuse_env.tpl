{{/* What values may not say of a service's environment and volumes, of (list $ name service). */}}

{{- define "routeiq.refuseEnvironment" -}}
{{- $root := index . 0 -}}{{- $name := index . 1 -}}{{- $service := index . 2 -}}
{{- $plain := deepCopy $service.env -}}{{- $names := list -}}
{{- range $service.extraEnv -}}
{{- if has .name $names -}}
{{- fail (printf "services.%s.extraEnv has %s twice: the API server keeps one of them." $name .name) -}}
{{- end -}}
{{- $names = append $names .name -}}
{{- if not .valueFrom }}{{ $_ := set $plain .name (.value | default "") }}{{ end -}}
{{- end -}}
{{- range concat (keys $service.env) $names -}}
{{- if regexMatch "_DRAIN(_DELAY)?_S$|^ROUTEIQ_DRAIN_TIMEOUT_SECONDS$" . -}}
{{- fail (printf "services.%s: %s would not fit the pod's grace period: set drain.maxStreamSeconds and drain.endpointSeconds, from which all of it follows." $name .) -}}
{{- end -}}
{{- end -}}
{{- $own := include (printf "routeiq.env.%s" $name) $root | fromYaml -}}
{{- range $key, $value := $plain -}}
{{- if and (kindIs "map" (get $own $key)) (not (eq (toString $value) "")) -}}
{{- fail (printf "services.%s: %s is a secret, and would stand in the pod for everybody to read: put it into the Secret %s, or give it by extraEnv with valueFrom." $name $key (get $own $key).secret) -}}
{{- end -}}
{{- end -}}
{{- end }}

{{/* `true` where values say that variable of a service themselves, of (list service variable). */}}
{{- define "routeiq.says" -}}
{{- $service := first . -}}{{- $variable := last . -}}
{{- $said := get $service.env $variable -}}
{{- range $service.extraEnv }}{{ if eq .name $variable }}{{ $said = "elsewhere" }}{{ end }}{{ end -}}
{{- if $said }}true{{ end -}}
{{- end }}

{{- define "routeiq.refuseVolumes" -}}
{{- $name := index . 1 -}}{{- $names := list -}}
{{- range (index . 2).extraVolumes -}}
{{- if has .name (list "tmp" "state" "journal" "public" "keys" "document" "signers") -}}
{{- fail (printf "services.%s.extraVolumes: %s is a volume of the chart's own: call it otherwise." $name .name) -}}
{{- end -}}
{{- $names = append $names .name -}}
{{- end -}}
{{- range (index . 2).extraVolumeMounts -}}
{{- if not (has .name $names) -}}
{{- fail (printf "services.%s.extraVolumeMounts: %s is none of its extraVolumes." $name .name) -}}
{{- end -}}
{{- end -}}
{{- end }}
