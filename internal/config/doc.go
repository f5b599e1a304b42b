// Package config is what an operator can set, as one plain struct.
//
// The command line fills it from flags, FLORIN_… variables and a JSON file, in that
// order of precedence; nothing else reads the environment.
package config
