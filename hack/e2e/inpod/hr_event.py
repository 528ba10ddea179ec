"""One event of an HR system. Arguments: URL, the secret that it signs with, what happens, and to whom."""

from __future__ import annotations

import asyncio
import base64
import json
import sys

from cxone_operator.bridge.sender import send

if __name__ == "__main__":
    url, secret, action, email = sys.argv[1:]
    key = base64.b64decode(secret.removeprefix("whsec_"))
    event = {"action": action, "email": email, "role": "Agent", "group": "Support-Team"}
    answer = asyncio.run(send(url, key, event, None))
    print(json.dumps({"status": answer.status, "body": answer.body}))
