package main

// target is a package whose code is spoiled, and the tests that must notice.
type target struct {
	dir    string
	files  []string // only these; all if empty
	tenant bool     // only the conditions in SQL that keep owners apart
	stages []stage
}

// stage is one run of a package's tests.
type stage struct {
	dir string
	run string // pattern of tests; all if empty
}

// targets are what decides who may come in, what they may do, whose data they reach and
// whether a message is genuine.
func targets() []target {
	doors := stage{"internal/api", "Sign|Users|Suspended|Limits|Rate|Failed|Keys|Credentials|Errors|OpenPages|Invitations|Waits|RequestID|Panic|Bodies|Idempotency|Media|Route|Headers|FirstAdmin"}
	people := stage{"internal/api", "Sign|TestUsers|SuspendedOwners$|TestKeys|TestCredentials|Invitations|FirstAdmin"}
	apart := stage{"internal/api", "^(TestIsolation|TestSweep)$"}
	pages := stage{"internal/paypage", "Suspended|Lost|Links|Forms|Tries"}
	tenants := func(dir string) target {
		return target{dir: dir, tenant: true, stages: []stage{{dir, ""}, apart}}
	}
	below := func(dir string) target { // has no tests of its own
		return target{dir: dir, tenant: true, stages: []stage{{"internal/payment", ""}, apart}}
	}
	return []target{
		{dir: "internal/auth", stages: []stage{{"internal/auth", ""}, {"internal/access", ""}, people}},
		{dir: "internal/access", stages: []stage{{"internal/access", ""}, people}},
		{dir: "internal/gate", files: []string{"credential.go", "route.go", "gate.go", "open.go", "header.go"}, stages: []stage{{"internal/gate", ""}, doors, pages}},
		{dir: "internal/owner", files: []string{"room.go", "standing.go"}, stages: []stage{{"internal/owner", ""}, {"internal/api", "Suspended|OwnersLeave"}, pages, {"internal/payment", "Suspended"}}},
		{dir: "internal/vault", files: []string{"message.go"}, stages: []stage{{"internal/vault", ""}, {"internal/webhook", ""}}},
		{dir: "internal/webhook", files: []string{"secret.go"}, stages: []stage{{"internal/webhook", ""}}},
		tenants("internal/customer"), tenants("internal/payment"), below("internal/method"), below("internal/consent"), below("internal/fee"), below("internal/routing"),
		{dir: "internal/webhook", tenant: true, files: []string{"endpoint.go", "attempt.go", "again.go"}, stages: []stage{{"internal/webhook", ""}, apart}},
		{dir: "internal/owner", tenant: true, files: []string{"origin.go"}, stages: []stage{{"internal/owner", ""}, apart, {"internal/paypage", ""}}},
		{dir: "internal/idempotency", tenant: true, stages: []stage{{"internal/idempotency", ""}, {"internal/api", "Idempotency|OneKey"}, apart}},
		{dir: "internal/event", tenant: true, stages: []stage{{"internal/event", ""}, apart}},
		{dir: "internal/audit", tenant: true, files: []string{"query.go"}, stages: []stage{{"internal/audit", ""}, apart}},
	}
}
