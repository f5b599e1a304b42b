// Package register is what an owner keeps about its own handling of personal data: breaches
// and their clock (GDPR Art. 33, 34), records of processing (Art. 30), impact assessments
// (Art. 35), the data protection officer (Art. 37 to 39) and what they were asked.
//
//	incident: aware ──72 h──→ due;  Affected = audit.Each ∩ (credentials, addresses, time)
//	records:  Draft = what Florin's tables hold, by activity;  a test holds it to the schema
//
// Texts are the owner's own and sealed under the owner's key. Who is affected is never stored:
// it is computed from the trail when asked. Tables: incident, register_entry.
package register
