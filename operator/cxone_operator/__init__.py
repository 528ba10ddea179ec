"""The CXone user operator: `CxoneUser` resources in, SCIM requests out, conditions back."""
