package bus

import (
	"testing"

	"github.com/nats-io/nats.go"
)

func TestGateWaitsForHandlers(t *testing.T) {
	var g Gate
	begun, finish, handled := make(chan struct{}), make(chan struct{}), 0
	h := g.Handler(func(*nats.Msg) {
		close(begun)
		<-finish
		handled++
	})
	go h(nil)
	<-begun
	closed := make(chan struct{})
	go func() {
		g.Close()
		close(closed)
	}()
	select {
	case <-closed:
		t.Fatal("closed while a message is handled")
	default:
	}
	close(finish)
	<-closed
	h(nil)
	if handled != 1 {
		t.Errorf("%d handled, want 1", handled)
	}
}
