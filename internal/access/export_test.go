package access

// Hashes is how many passwords were hashed or compared so far.
func (s *Service) Hashes() int64 { return s.hashing.done.Load() }
