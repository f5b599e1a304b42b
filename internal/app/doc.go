// Package app builds Florin from its configuration, by literal, and starts and stops
// it. It is what `florin serve` runs and what tests open.
//
//	Open   databases → vault → features → gate → routes   (nothing runs yet)
//	Start  sealer, sequencer, purges, erasures left over
//	Close  in the opposite order; what was accepted is finished first
package app
