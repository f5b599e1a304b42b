// Package console is the pages for an owner's staff. So far there is one:
//
//	GET /accept#{token}   sets the password of whoever was invited
//
// What stands behind # reaches no server and no log. The page's script takes it out of the
// address bar at once and sends it, with the password, to POST /api/auth/accept, as anybody
// could: a page has no way in of its own. Script and style are named by their hashes in the
// policy, which lets the page talk to its own origin alone.
package console
