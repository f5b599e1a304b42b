<?php
// Verifies Florin's webhooks (Standard Webhooks 1.0) with nothing but PHP's own library.

/** $secret is whsec_…, $headers have lower-case names, $body is exactly what came. */
function verify(string $secret, array $headers, string $body): bool
{
    $sent = $headers['webhook-timestamp'];
    if (!ctype_digit($sent) || abs(time() - (int) $sent) > 300) {
        return false; // an old message that somebody sends again
    }
    $key = base64_decode(preg_replace('/^whsec_/', '', $secret));
    $signed = $headers['webhook-id'] . '.' . $sent . '.' . $body;
    $want = 'v1,' . base64_encode(hash_hmac('sha256', $signed, $key, true));
    // There are several signatures while secrets overlap: one must fit.
    foreach (explode(' ', $headers['webhook-signature']) as $one) {
        if (hash_equals($want, $one)) {
            return true;
        }
    }
    return false;
}
