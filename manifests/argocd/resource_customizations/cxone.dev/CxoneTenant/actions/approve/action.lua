-- The parameter planHash is optional: whoever gives the hash that they looked at cannot approve a set that has grown
-- since. Argo CD before 3.1 has no parameters.
local plan = obj.status ~= nil and obj.status.deprovisioning ~= nil and obj.status.deprovisioning.planHash or nil
local seen = actionParams ~= nil and actionParams["planHash"] or ""

if plan == nil then
  error("nothing is held: status.deprovisioning.planHash is absent", 0)
end
if seen ~= "" and seen ~= plan then
  error("the held set has changed, its planHash is " .. plan .. " now; look at it again before you approve", 0)
end
if obj.metadata.annotations == nil then
  obj.metadata.annotations = {}
end
obj.metadata.annotations["cxone.dev/approve-deprovisioning"] = plan
return obj
