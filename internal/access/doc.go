// Package access is credentials: who may come in, and as whom.
//
// An API key is 256 random bits behind a readable prefix, shown once; the table keeps
// its SHA-256 and nothing that could be used. Finding a key reads one row by that
// hash and is cached for less than a second, so that revoking takes effect within one.
//
//	header → Authenticate → auth.Actor (owner, realm, mode, permissions)
//
// Passwords are Argon2id (NIST SP 800-63B, OWASP ASVS 6.2). Signing in with one, and
// OAuth, come with the access issue; the actor they will make is this one.
//
// Tables: api_key, staff_user.
package access
