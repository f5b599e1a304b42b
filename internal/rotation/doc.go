// Package rotation makes new keys and wraps what is there by them, while the server
// goes on serving.
//
// One rotation runs at a time. Each kind can be cut at any point and run again, and
// says how far it is. The command line runs one directly, or asks a running server
// through the operator's API.
package rotation
