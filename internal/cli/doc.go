// Package cli is the command line: florin serve, migrate, import, export, audit,
// keys, demo, doctor.
//
// Commands read flags, FLORIN_… variables and a JSON file (--config), open the app and
// call one thing. Output for people goes to stderr with a progress bar on a terminal
// and plain lines elsewhere; results go to stdout.
package cli
