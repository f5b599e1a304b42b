package event

import (
	"cmp"
	"slices"
)

// sortByID gives RETURNING's rows the order that it does not promise.
func sortByID(events []pending) {
	slices.SortFunc(events, func(a, b pending) int { return cmp.Compare(a.id, b.id) })
}
