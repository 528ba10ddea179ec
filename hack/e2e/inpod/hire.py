"""One hire, by an HR system that signs with the secret of the environment. Arguments: URL and address."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import sys

from cxone_operator.bridge.sender import send

if __name__ == "__main__":
    key = base64.b64decode(os.environ["HR_SECRET"].removeprefix("whsec_"))
    event = {"action": "hire", "email": sys.argv[2], "role": "Agent", "group": "Support-Team"}
    answer = asyncio.run(send(sys.argv[1], key, event, None))
    print(json.dumps({"status": answer.status, "body": answer.body}))
