-- A suspended user is not compared with CXone: a request would be answered without being done. A deletion is carried out
-- all the same, so there is nothing to suspend then.
local suspended = obj.spec.suspend == true
local deleting = obj.metadata.deletionTimestamp ~= nil

local actions = {}
actions["reconcile"] = {
  ["displayName"] = "Compare with CXone now",
  ["iconClass"] = "fa fa-fw fa-sync",
  ["disabled"] = suspended and not deleting,
}
actions["suspend"] = {
  ["displayName"] = "Suspend",
  ["iconClass"] = "fa fa-fw fa-pause-circle",
  ["disabled"] = suspended or deleting,
}
actions["resume"] = {
  ["displayName"] = "Resume",
  ["iconClass"] = "fa fa-fw fa-play-circle",
  ["disabled"] = not suspended or deleting,
}
return actions
