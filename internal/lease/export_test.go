package lease

import "time"

// RetryEvery shortens the wait for a free node number.
func (d *Desk) RetryEvery(interval time.Duration) { d.retry = interval }
