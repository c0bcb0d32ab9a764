{{/* Combinations that would start, and then lose or miscount something: refused, each with its reason. */}}

{{- define "routeiq.refuseUnsafe" -}}
{{- include "routeiq.refuseNames" . -}}
{{- include "routeiq.refuseStores" . -}}
{{- include "routeiq.refuseConfig" . -}}
{{- range $name := include "routeiq.enabled" . | fromYamlArray -}}
{{- include "routeiq.refuseService" (list $ $name) -}}
{{- end -}}
{{- end }}

{{- define "routeiq.refuseStores" -}}
{{- $enabled := include "routeiq.enabled" . | fromYamlArray -}}
{{- $gateways := include "routeiq.most" (list . "gateway") | int -}}
{{- if and (has "gateway" $enabled) (gt $gateways 1) (not (include "routeiq.hasRedis" .)) -}}
{{- fail (printf "%d gateways without Redis would each count for themselves, so that every limit and budget held %d times: set redis.existingSecret, or have one gateway." $gateways $gateways) -}}
{{- end -}}
{{- if has "control" $enabled -}}
{{- $own := include "routeiq.ownDatabase" . -}}
{{- $sqlite := hasPrefix "sqlite" $own -}}
{{- if and $sqlite (gt (include "routeiq.most" (list . "control") | int) 1) -}}
{{- fail "several controls on SQLite would each have a database of their own: set postgres.existingSecret." -}}
{{- end -}}
{{- if not (or $own (include "routeiq.hasPostgres" .)) -}}
{{- fail "control keeps keys, teams and usage in a database, and there is none: set postgres.existingSecret or bundled.postgres.enabled." -}}
{{- end -}}
{{- end -}}
{{- $ownRouting := include "routeiq.says" (list (include "routeiq.service" (list . "gateway") | fromYaml) "ROUTEIQ_GATEWAY_ROUTING_ADDRESS") -}}
{{- if and (has "gateway" $enabled) (not (has "routing" $enabled)) (not $ownRouting) -}}
{{- fail "services.routing.enabled=false leaves gateways without anybody who decides: say where routing is in services.gateway.env.ROUTEIQ_GATEWAY_ROUTING_ADDRESS." -}}
{{- end -}}
{{- range $store := list "postgres" "redis" "nats" -}}
{{- if and (index $.Values.bundled $store).enabled (index $.Values $store).existingSecret -}}
{{- fail (printf "%s.existingSecret names a server, and bundled.%s.enabled starts another: set one of them." $store $store) -}}
{{- end -}}
{{- end -}}
{{- end }}

{{- define "routeiq.refuseConfig" -}}
{{- $config := .Values.config -}}
{{- if has "config-sync" (include "routeiq.enabled" . | fromYamlArray) -}}
{{- if not (include "routeiq.hasNATS" .) -}}
{{- fail "config-sync tells everybody over NATS, and there is none: set nats.existingSecret or bundled.nats.enabled, or services.config-sync.enabled=false." -}}
{{- end -}}
{{- if and (eq $config.election "none") (gt (include "routeiq.most" (list . "config-sync") | int) 1) -}}
{{- fail "several config-syncs without an election would all roll out: set config.election to kubernetes or nats, or have one." -}}
{{- end -}}
{{- else if ne $config.source "configmap" -}}
{{- fail (printf "config.source=%s is read by config-sync, which is not enabled." $config.source) -}}
{{- end -}}
{{- if and (has $config.source (list "s3" "gcs")) (not (and (index $config $config.source).bucket (index $config $config.source).key)) -}}
{{- fail (printf "config.source=%s needs config.%s.bucket and config.%s.key." $config.source $config.source $config.source) -}}
{{- end -}}
{{- if and $config.document (or $config.existingConfigMap (ne $config.source "configmap")) -}}
{{- fail "config.document would not be read: config.existingConfigMap or config.source names another." -}}
{{- end -}}
{{- range .Values.providers.env -}}
{{- if not (or .secret $.Values.providers.existingSecret) -}}
{{- fail (printf "providers.env: %s is in no Secret: set providers.existingSecret, or its own `secret`." .name) -}}
{{- end -}}
{{- end -}}
{{- if and .Values.httpRoute.enabled (not .Values.httpRoute.parentRefs) -}}
{{- fail "httpRoute.parentRefs names no Gateway, so that none would serve the route." -}}
{{- end -}}
{{- if and (eq .Values.journal.storage "existingClaim") (not .Values.journal.existingClaim) -}}
{{- fail "journal.storage=existingClaim needs journal.existingClaim." -}}
{{- end -}}
{{- end }}

{{- define "routeiq.refuseService" -}}
{{- $name := last . -}}
{{- $service := include "routeiq.service" . | fromYaml -}}
{{- if and $service.autoscaling.enabled $service.keda.enabled -}}
{{- fail (printf "services.%s: autoscaling and keda would both set the number of pods: enable one of them." $name) -}}
{{- end -}}
{{- range $key := list "externalTrafficPolicy" "loadBalancerClass" "loadBalancerSourceRanges" -}}
{{- $wanted := ternary (list "NodePort" "LoadBalancer") (list "LoadBalancer") (eq $key "externalTrafficPolicy") -}}
{{- if and (get $service.service $key) (not (has $service.service.type $wanted)) -}}
{{- fail (printf "services.%s.service.%s says nothing of type %s, and the API server refuses it: it is for %s." $name $key $service.service.type (join " and " $wanted)) -}}
{{- end -}}
{{- end -}}
{{- include "routeiq.refuseEnvironment" (list (first .) $name $service) -}}
{{- include "routeiq.refuseVolumes" (list (first .) $name $service) -}}
{{- if and (ne $name "gateway") (ne $service.service.type "ClusterIP") -}}
{{- fail (printf "services.%s.service.type=%s would offer outside what only the other services call: clients talk to the gateway." $name $service.service.type) -}}
{{- end -}}
{{- $needed := include "routeiq.needsToEnd" . | int -}}
{{- with $service.terminationGracePeriodSeconds -}}
{{- if lt (int .) $needed -}}
{{- fail (printf "services.%s.terminationGracePeriodSeconds=%d is shorter than the drain, which takes %d s: answers would be cut. Leave it empty, or lower drain.maxStreamSeconds." $name (int .) $needed) -}}
{{- end -}}
{{- end -}}
{{- if and (not $service.serviceAccount.create) (not $service.serviceAccount.name) -}}
{{- fail (printf "services.%s.serviceAccount: name the one to use, or have it created." $name) -}}
{{- end -}}
{{- end }}
