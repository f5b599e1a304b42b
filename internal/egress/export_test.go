package egress

// Watch has fn called for each address that passed, before the socket connects.
func (c Config) Watch(fn func(address string) error) Config {
	c.connecting = fn
	return c
}
