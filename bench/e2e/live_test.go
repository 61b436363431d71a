//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"parley/bench/peer"
)

// TestLivePages has Chromium watch a deployment of processes of their own, while
// two phones dial what the browser tells them to.
func TestLivePages(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 2*patience)
	defer cancel()
	s := newScript(ctx, t)
	phones := map[string]*peer.Baresip{"Ada": baresip(ctx, t, 0, "Ada"), "Blaise": baresip(ctx, t, 1, "Blaise")}
	s.start()
	exchange := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p := phones[r.FormValue("phone")]
		var err error
		if alias := r.FormValue("dial"); alias != "" {
			err = p.Dial(r.Context(), fmt.Sprintf("sip:%s@127.0.0.1:%d", alias, s.port+2))
		} else {
			_, err = p.AwaitEvent(r.Context(), "CALL_CLOSED")
		}
		if err != nil {
			http.Error(w, fmt.Sprintf("%v\n%s", err, p.Output()), http.StatusBadGateway)
		}
	}))
	t.Cleanup(exchange.Close)
	browse(t, "live.spec.ts", fmt.Sprint("PARLEY_URL=https://127.0.0.1:", s.port), "PARLEY_PHONES="+exchange.URL)
}
