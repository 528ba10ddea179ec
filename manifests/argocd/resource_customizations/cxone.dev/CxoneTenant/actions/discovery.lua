-- Suspending works on a tenant that is being deleted, too: it stops what is sent for the users that it still has.
local suspended = obj.spec.suspend == true

local held = false
for _, condition in ipairs(obj.status ~= nil and obj.status.conditions or {}) do
  if condition.type == "DeprovisioningHeld" and condition.status == "True" then
    held = true
  end
end
local plan = obj.status ~= nil and obj.status.deprovisioning ~= nil and obj.status.deprovisioning.planHash or nil
local approved = obj.metadata.annotations ~= nil and obj.metadata.annotations["cxone.dev/approve-deprovisioning"] or nil

local actions = {}
actions["suspend"] = {
  ["displayName"] = "Suspend",
  ["iconClass"] = "fa fa-fw fa-pause-circle",
  ["disabled"] = suspended,
}
actions["resume"] = {
  ["displayName"] = "Resume",
  ["iconClass"] = "fa fa-fw fa-play-circle",
  ["disabled"] = not suspended,
}
actions["approve"] = {
  ["displayName"] = "Approve the held deprovisioning",
  ["iconClass"] = "fa fa-fw fa-user-check",
  ["disabled"] = not held or plan == approved,
  ["params"] = { { ["name"] = "planHash" } },
}
return actions
