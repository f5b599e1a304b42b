package auth

import (
	"slices"
	"strings"
	"unicode"
)

// longestRole is how long a role's name may be, in characters.
const longestRole = 40

// CheckRoleName says what is wrong with the name of a role of an owner's own, "" if
// nothing: it stands in the trail and in answers beside the built-in ones.
func CheckRoleName(name string) string {
	builtIn := func(r Role) bool { return strings.EqualFold(string(r), name) }
	strange := func(r rune) bool {
		return r != ' ' && r != '-' && r != '_' && !unicode.IsLetter(r) && !unicode.IsDigit(r)
	}
	switch {
	case name == "" || strings.TrimSpace(name) != name || len([]rune(name)) > longestRole:
		return "must have 1 to 40 characters, no spaces around them"
	case strings.ContainsFunc(name, strange):
		return "must be of letters, digits, spaces, - and _"
	case slices.ContainsFunc(Roles(), builtIn):
		return "is the name of a built-in role"
	}
	return ""
}

// PermissionsOf is what a role may do: a built-in role's own, or those that an owner gave
// to a role of theirs.
func PermissionsOf(role Role, given []Permission) []Permission {
	if builtIn := role.Permissions(); builtIn != nil {
		return builtIn
	}
	return given
}

// Within gives those of some permissions that are also among others.
func Within(some, others []Permission) []Permission {
	return slices.DeleteFunc(slices.Clone(some), func(p Permission) bool { return !slices.Contains(others, p) })
}
