package bus

import (
	"sync"

	"github.com/nats-io/nats.go"
)

// Gate lets messages through to handlers until it is closed. Closing a NATS
// connection does not wait for those that are being handled; closing the gate does.
type Gate struct {
	mu      sync.Mutex
	closed  bool
	running sync.WaitGroup
}

// Handler returns f behind the gate.
func (g *Gate) Handler(f nats.MsgHandler) nats.MsgHandler {
	return func(msg *nats.Msg) {
		if g.enter() {
			defer g.running.Done()
			f(msg)
		}
	}
}

// Go has f run beside what goes on, unless the gate is closed.
func (g *Gate) Go(f func()) {
	if g.enter() {
		go func() {
			defer g.running.Done()
			f()
		}()
	}
}

func (g *Gate) enter() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.closed {
		g.running.Add(1)
	}
	return !g.closed
}

// Close lets nothing more through and waits for what is being handled.
func (g *Gate) Close() {
	g.mu.Lock()
	g.closed = true
	g.mu.Unlock()
	g.running.Wait()
}
