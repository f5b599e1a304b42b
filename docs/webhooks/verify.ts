// Verifies Florin's webhooks (Standard Webhooks 1.0) with nothing but Node's own library.
import { createHmac, timingSafeEqual } from "node:crypto";

/** secret is whsec_…, headers have lower-case names, body is a Buffer of exactly what came. */
export function verify(secret, headers, body) {
  const sent = headers["webhook-timestamp"];
  if (!(Math.abs(Date.now() / 1000 - Number(sent)) <= 300)) {
    return false; // an old message that somebody sends again
  }
  const key = Buffer.from(secret.replace(/^whsec_/, ""), "base64");
  const want = createHmac("sha256", key).update(`${headers["webhook-id"]}.${sent}.`).update(body).digest();
  // There are several signatures while secrets overlap: one must fit.
  return headers["webhook-signature"].split(" ").some((one) => {
    const [version, text] = one.split(",");
    const given = Buffer.from(text ?? "", "base64");
    return version === "v1" && given.length === want.length && timingSafeEqual(given, want);
  });
}
