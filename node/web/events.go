package web

import (
	"net/http"
	"time"
)

// serveEvents sends the status once a second as server-sent events (WHATWG
// HTML section 9.2) until the browser goes or the handler is closed.
func (h *Handler) serveEvents(w http.ResponseWriter, r *http.Request) {
	if !h.enter() {
		w.Header().Set("Retry-After", "5")
		http.Error(w, "too many look at this node, or it is shutting down", http.StatusServiceUnavailable)
		return
	}
	defer h.leave()
	control := http.NewResponseController(w)
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("X-Accel-Buffering", "no") // nginx would hold events back
	tick := time.NewTicker(eventPeriod)
	defer tick.Stop()
	for {
		text, err := h.statusJSON()
		if err != nil {
			h.config.Log.Error("status page", "error", err)
			return
		}
		// A server's write timeout counts from the request: a stream sets its own.
		// Recorders of tests know no deadline; writing shows what is wrong.
		_ = control.SetWriteDeadline(time.Now().Add(writeTimeout))
		if _, err := w.Write(append(append([]byte("data: "), text...), '\n', '\n')); err != nil {
			return
		}
		if err := control.Flush(); err != nil {
			return
		}
		select {
		case <-tick.C:
		case <-r.Context().Done():
			return
		case <-h.done:
			return
		}
	}
}

func (h *Handler) enter() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed || h.streams >= maxStreams {
		return false
	}
	h.streams++
	h.wait.Add(1)
	return true
}

func (h *Handler) leave() {
	h.mu.Lock()
	h.streams--
	h.mu.Unlock()
	h.wait.Done()
}
