"""The same company with Argo CD: people, tenant and operator come from Git, and what the page on Argo CD says is seen.

`company` is who acts; `arriving`, `healing` and `leaving` are what happens, in this order.
"""

from __future__ import annotations

from e2e.story.gitops import arriving, healing, leaving

STEPS = (*arriving.STEPS, *healing.STEPS, *leaving.STEPS)
