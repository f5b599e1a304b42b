// Package vault holds the keys and is the only place where anything is encrypted.
//
//	root key       keys/root.key (or --root-key-file), never in a database
//	└ owner keys   wrapped by the root key, in the keystore
//	  └ epoch key  keys/epoch-N.key, wrapped by the root key, outside every database
//	    └ subject keys  one per customer, random, wrapped by the owner's key and then
//	                    by the epoch's, in the keystore
//
// Destroying a subject key erases a customer from every copy of the data. Copies of
// the *keystore* are why epochs exist: each week the living keys are wrapped anew
// under a new epoch key and the old one is destroyed, so that an old copy of data and
// keystore together opens nothing that was erased since.
//
// A sealed value is bound to its realm, table, row and column (associated data), so
// that it opens nowhere else. Values are found by blind indexes: keyed PRFs, one key
// for each owner, realm, field and version.
//
// Keys can't be printed or marshalled, nonces are never passed in, and nothing here
// knows what a customer is.
//
// Tables (keystore): owner_key, subject_key, epoch, key_check.
package vault
