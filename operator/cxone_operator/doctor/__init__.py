"""The doctor: what keeps the operator from its work, found and explained before somebody looks into logs.

| room          | what it looks at                                                                     |
|---------------|--------------------------------------------------------------------------------------|
| `check`       | the value: what was looked at, how it is, what was seen, the remedy                  |
| `visit`       | the order of the checks, their time, and which of them make no sense after another   |
| `cluster`     | the API server, the CRDs (`schema`), the operator that acts (`leases`)               |
| `rights`      | what the operator may do                                                             |
| `admission`   | the rules that the API server keeps itself                                           |
| `tenant`      | the CxoneTenant and its Secret                                                       |
| `address`     | the way to CXone: name, proxy, connection, certificate                               |
| `remote`      | CXone: token, scopes, what it says of itself, users, seats, the roles and groups      |
| `hearing`     | what the headers of its answers say besides: its clock, its rate limit               |

Nothing is written anywhere. The reviews of access that Kubernetes is asked for are creates that store nothing.
"""
