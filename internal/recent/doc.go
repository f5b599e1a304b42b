// Package recent keeps what was read a moment ago, for settings that every payment needs
// and that change once a month.
//
//	Of(key, load) ─ younger than a second ──→ what was loaded then
//	              └ older, or Forget(key) ──→ load, kept for a second
//
// A change on this node is seen at once, one of another node within a second. Values are
// shared between callers, who must not change them. It is not for anything that decides
// whether money moves twice: that is the database's to say.
package recent
