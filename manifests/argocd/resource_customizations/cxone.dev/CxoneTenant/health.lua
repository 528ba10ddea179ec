-- CxoneTenant has Ready, the summary, and Authenticated; DeprovisioningHeld and CircuitOpen are True when something is
-- wrong. status.observedGeneration names the spec that they speak of. The reasons are those of
-- operator/cxone_operator/api/reasons.py in the operator's repository.
--
-- Argo CD answers for resources that are being deleted itself ("Pending deletion"); what this script says of them is
-- for hooks and for whoever else runs it.

-- Why Ready or Authenticated can be False although nobody has to change anything in the cluster.
local passes = { Progressing = true, TenantNotReady = true, RemoteUnavailable = true, RateLimited = true }

local health = { status = "Progressing" }

if obj.metadata.deletionTimestamp ~= nil then
  health.message = "Being deleted: it stays until the last of its users has gone"
  return health
end

if obj.spec.suspend == true then
  health.status = "Suspended"
  health.message = "spec.suspend is true: nothing is sent to CXone, for leavers neither"
  return health
end

if obj.status == nil or obj.status.observedGeneration ~= obj.metadata.generation then
  health.message = "Waiting for the operator to observe the latest spec"
  return health
end

local conditions = {}
for _, condition in ipairs(obj.status.conditions or {}) do
  conditions[condition.type] = condition
end
local ready, authenticated = conditions.Ready or {}, conditions.Authenticated or {}
local held, circuit = conditions.DeprovisioningHeld or {}, conditions.CircuitOpen or {}

local function needs_somebody(condition)
  return condition.status == "False" and not passes[condition.reason]
end

health.message = ready.message
if needs_somebody(authenticated) then
  health.status = "Degraded"
  health.message = authenticated.message
elseif circuit.status == "True" then
  health.status = "Degraded"
  health.message = circuit.message
elseif needs_somebody(ready) then
  health.status = "Degraded"
elseif held.status == "True" then
  health.status = "Suspended"
  health.message = held.message
elseif ready.status == "True" then
  health.status = "Healthy"
end
return health
