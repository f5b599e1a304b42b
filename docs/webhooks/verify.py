"""Verifies Florin's webhooks (Standard Webhooks 1.0) with nothing but Python's own library."""
import base64
import hashlib
import hmac
import time


def verify(secret: str, headers: dict, body: bytes) -> bool:
    """secret is whsec_…, headers have lower-case names, body is exactly what came."""
    sent = headers["webhook-timestamp"]
    if not sent.isdigit() or abs(time.time() - int(sent)) > 300:
        return False  # an old message that somebody sends again
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{headers['webhook-id']}.{sent}.".encode() + body
    want = b"v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest())
    # There are several signatures while secrets overlap: one must fit.
    return any(hmac.compare_digest(want, one) for one in headers["webhook-signature"].encode().split(b" "))
