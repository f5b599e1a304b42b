// Package access is credentials: who may come in, and as whom.
//
// An API key is 256 random bits behind a readable prefix, shown once; the table keeps
// its SHA-256 and nothing that could be used. Finding a key reads one row by that
// hash and is cached for less than a second, so that revoking takes effect within one.
//
//	header → Authenticate → auth.Actor (owner, realm, mode, permissions)
//
// Passwords are Argon2id (NIST SP 800-63B-4, OWASP ASVS). Whoever knows one, and shows a
// second factor if they have any, gets a session; a passkey is both factors, and an
// owner's identity provider vouches for people without either.
//
//	Login, LoginByPasskey, Arrive → open: the one place that makes a session
//
// A session that has shown too little for its owner opens the caller's own factors alone.
//
// Tables: api_key, staff_user, staff_session, staff_address, sign_in_wait, staff_totp,
// staff_recovery, staff_passkey, staff_ceremony, identity_provider, staff_identity,
// staff_role, access_token.
package access
