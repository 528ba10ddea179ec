-- CxoneUser follows kstatus: Ready is the summary, Stalled is present only while nothing more happens by itself, and
-- status.observedGeneration names the spec that both speak of. The reasons are those of
-- operator/cxone_operator/api/reasons.py in the operator's repository.
--
-- Argo CD answers for resources that are being deleted itself ("Pending deletion"); what this script says of them is
-- for hooks and for whoever else runs it.

-- Nothing goes on until something outside happens: a seat becomes free, somebody approves, resumes or decides.
local waits = { LicenseUnavailable = true, DeprovisioningHeld = true, Suspended = true, DifferencesFound = true }

local health = { status = "Progressing" }
local deleting = obj.metadata.deletionTimestamp ~= nil

if obj.spec.suspend == true and not deleting then
  health.status = "Suspended"
  health.message = "spec.suspend is true: changes of the spec are not carried out, a deletion still is"
  return health
end

if obj.status == nil or obj.status.observedGeneration ~= obj.metadata.generation then
  health.message = deleting and "Waiting for the operator to deprovision the user"
    or "Waiting for the operator to observe the latest spec"
  return health
end

local conditions = {}
for _, condition in ipairs(obj.status.conditions or {}) do
  conditions[condition.type] = condition
end
local ready, stalled = conditions.Ready or {}, conditions.Stalled or {}

health.message = ready.message
if stalled.status == "True" then
  health.status = "Degraded"
  health.message = stalled.message
elseif ready.status == "True" then
  health.status = "Healthy"
elseif waits[ready.reason] then
  health.status = "Suspended"
end
return health
