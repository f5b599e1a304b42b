// Package strictjson reads the JSON that clients send, and nothing looser.
//
// One walk over the tokens refuses what two readers could understand in two ways:
// bytes that are not UTF-8, a name given twice (RFC 8259 §4), data after the value,
// and nesting deeper than 32, each as a *SyntaxError that repeats nothing of the
// input. What is left is a small tree that keeps members in the order sent, for the
// features to read field by field and report all faults at once.
package strictjson
