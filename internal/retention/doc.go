// Package retention removes what an owner need not keep any longer (GDPR Art. 5(1)(e)).
//
//	policy (class, days) ─→ Run, each hour ─→ due: deadline passed, no hold, no restriction
//	                                        ─→ removed, a batch a unit ─→ report, signed
//
// A deadline is the last thing that happened plus the days of the policy. Nothing goes before
// it, and with a server that runs everything goes within a day of it. What is kept longer, for
// a legal hold (Art. 17(3)) or a restriction (Art. 18), is counted with its reason. In a unit
// that deletes rows the question whether they are due is asked in the same unit; customers are
// erased as by DELETE, with a certificate each.
//
// The package reads tables of other features to find what is due; each feature removes its
// own rows. The audit trail is in no class: it is kept. Tables: retention_policy, retention_run.
package retention
