{{- define "cxone.labels" -}}
app.kubernetes.io/name: cxone-operator
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/part-of: cxone-operator
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}

{{/* What selectors ask for; the argument is (list $ component). */}}
{{- define "cxone.selector" -}}
app.kubernetes.io/name: cxone-operator
app.kubernetes.io/instance: {{ (index . 0).Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end }}

{{- define "cxone.image" -}}
{{- with .Values.image -}}
{{- if .digest -}}
{{ .repository }}@{{ .digest }}
{{- else -}}
{{ .repository }}:{{ .tag | default $.Chart.AppVersion }}
{{- end -}}
{{- end -}}
{{- end }}

{{- define "cxone.operatorRules" -}}
- apiGroups: [cxone.dev]
  resources: [cxoneusers]
  verbs: [get, list, watch, patch]
- apiGroups: [cxone.dev]
  resources: [cxonetenants]
  verbs: [list, watch, patch]
- apiGroups: [cxone.dev]
  resources: [cxoneusers/status, cxonetenants/status]
  verbs: [patch]
- apiGroups: [""]
  resources: [secrets]
  resourceNames: {{ .Values.tenantSecretNames | toJson }}
  verbs: [get]
- apiGroups: [""]
  resources: [events]
  verbs: [create]
{{- end }}

{{/* A pod's template: root, component, account, args, ports, resources, and where needed env, lifecycle, mounts, volumes
     and fsGroup. */}}
{{- define "cxone.podTemplate" -}}
{{- $root := .root -}}
metadata:
  labels:
    {{- include "cxone.labels" $root | nindent 4 }}
    app.kubernetes.io/component: {{ .component }}
    {{- with $root.Values.pods.labels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  {{- with $root.Values.pods.annotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  serviceAccountName: {{ .account }}
  automountServiceAccountToken: true
  enableServiceLinks: false
  terminationGracePeriodSeconds: 30
  securityContext:
    runAsNonRoot: true
    runAsUser: 65532
    runAsGroup: 65532
    {{- with .fsGroup }}
    fsGroup: {{ . }}
    {{- end }}
    seccompProfile:
      type: RuntimeDefault
  {{- with $root.Values.imagePullSecrets }}
  imagePullSecrets:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $root.Values.pods.priorityClassName }}
  priorityClassName: {{ . }}
  {{- end }}
  {{- with $root.Values.pods.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $root.Values.pods.tolerations }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  topologySpreadConstraints:
    - maxSkew: 1
      topologyKey: kubernetes.io/hostname
      whenUnsatisfiable: {{ $root.Values.pods.spreadOverNodes }}
      nodeTaintsPolicy: Honor
      labelSelector:
        matchLabels:
          {{- include "cxone.selector" (list $root .component) | nindent 10 }}
      matchLabelKeys: [pod-template-hash]
    - maxSkew: 1
      topologyKey: topology.kubernetes.io/zone
      whenUnsatisfiable: ScheduleAnyway
      nodeTaintsPolicy: Honor
      labelSelector:
        matchLabels:
          {{- include "cxone.selector" (list $root .component) | nindent 10 }}
      matchLabelKeys: [pod-template-hash]
  containers:
    - name: {{ .component }}
      image: {{ include "cxone.image" $root }}
      imagePullPolicy: {{ $root.Values.image.pullPolicy }}
      args:
        {{- toYaml .args | nindent 8 }}
      {{- with .env }}
      env:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      ports:
        {{- toYaml .ports | nindent 8 }}
      startupProbe:
        httpGet:
          path: /healthz
          port: metrics
        periodSeconds: 2
        failureThreshold: 30
      livenessProbe:
        httpGet:
          path: /healthz
          port: metrics
        periodSeconds: 10
        timeoutSeconds: 5
        failureThreshold: 3
      readinessProbe:
        httpGet:
          path: /readyz
          port: metrics
        periodSeconds: 5
        timeoutSeconds: 3
      {{- with .lifecycle }}
      lifecycle:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      resources:
        {{- toYaml .resources | nindent 8 }}
      securityContext:
        allowPrivilegeEscalation: false
        readOnlyRootFilesystem: true
        capabilities:
          drop: [ALL]
      volumeMounts:
        {{- with .mounts }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
        - name: tmp
          mountPath: /tmp
  volumes:
    {{- with .volumes }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
    - name: tmp
      emptyDir:
        sizeLimit: 16Mi
{{- end }}

{{/* A Deployment, named as its account: replicas, and what the pod's template needs. */}}
{{- define "cxone.deployment" -}}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .account }}
  namespace: {{ .root.Release.Namespace }}
  labels:
    {{- include "cxone.labels" .root | nindent 4 }}
    app.kubernetes.io/component: {{ .component }}
spec:
  replicas: {{ .replicas }}
  selector:
    matchLabels:
      {{- include "cxone.selector" (list .root .component) | nindent 6 }}
  strategy:
    type: RollingUpdate
    rollingUpdate:
      maxSurge: 1
      maxUnavailable: 0
  template:
    {{- include "cxone.podTemplate" . | nindent 4 }}
{{- end }}

{{/* A headless Service for Prometheus: root, component, name. */}}
{{- define "cxone.metricsService" -}}
apiVersion: v1
kind: Service
metadata:
  name: {{ .name }}-metrics
  namespace: {{ .root.Release.Namespace }}
  labels:
    {{- include "cxone.labels" .root | nindent 4 }}
    app.kubernetes.io/component: {{ .component }}
spec:
  clusterIP: None
  selector:
    {{- include "cxone.selector" (list .root .component) | nindent 4 }}
  ports:
    - name: metrics
      port: 8081
      targetPort: metrics
{{- end }}

{{/* ServiceAccount and PodDisruptionBudget: root, component, name. */}}
{{- define "cxone.accountAndBudget" -}}
apiVersion: v1
kind: ServiceAccount
metadata:
  name: {{ .name }}
  namespace: {{ .root.Release.Namespace }}
  labels:
    {{- include "cxone.labels" .root | nindent 4 }}
    app.kubernetes.io/component: {{ .component }}
automountServiceAccountToken: false
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: {{ .name }}
  namespace: {{ .root.Release.Namespace }}
  labels:
    {{- include "cxone.labels" .root | nindent 4 }}
    app.kubernetes.io/component: {{ .component }}
spec:
  maxUnavailable: 1
  unhealthyPodEvictionPolicy: AlwaysAllow
  selector:
    matchLabels:
      {{- include "cxone.selector" (list .root .component) | nindent 6 }}
{{- end }}

{{/* A binding of an account to a role of the same name: root, component, scope (Cluster or ""), name, account, namespace. */}}
{{- define "cxone.binding" -}}
apiVersion: rbac.authorization.k8s.io/v1
kind: {{ .scope }}RoleBinding
metadata:
  name: {{ .name }}
  {{- with .namespace }}
  namespace: {{ . }}
  {{- end }}
  labels:
    {{- include "cxone.labels" .root | nindent 4 }}
    app.kubernetes.io/component: {{ .component }}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: {{ .scope }}Role
  name: {{ .name }}
subjects:
  - kind: ServiceAccount
    name: {{ .account }}
    namespace: {{ .root.Release.Namespace }}
{{- end }}

{{/* A list of strings in CEL. */}}
{{- define "cxone.celList" -}}
[{{ range $i, $name := . }}{{ if $i }}, {{ end }}'{{ $name }}'{{ end }}]
{{- end }}
