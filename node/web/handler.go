package web

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/pprof"
	"strings"
	"sync"
	"time"

	"parley/engine"
)

// Config is what the page is made of.
type Config struct {
	// Status returns the state of the engine. It is called about once a second
	// while somebody looks, whoever and how many they are.
	Status func() engine.Status
	// Refused returns how many calls were refused, by reason. It may be nil.
	Refused func() map[string]uint64
	// Snapshot returns the newest picture of a view as a JPEG; an error where
	// there is none. It may be nil.
	Snapshot func(ctx context.Context, conference, view string) ([]byte, error)
	// Dial, if not nil, returns what callers can dial: SIP URIs, in which HostPlaceholder stands
	// where the host of this node belongs. Pages put in the host that they
	// were fetched from.
	Dial  func() []string
	AdHoc func() bool // more can be dialled than Dial lists
	// Profiling serves the profiles of net/http/pprof too.
	Profiling bool
	Version   string
	Log       *slog.Logger // nil = slog.Default()
}

var errNoSnapshots = errors.New("there are no pictures here")

// HostPlaceholder stands for the host of the node in the URIs of Config.Dial.
// No URI can contain it (RFC 3986 section 2).
const HostPlaceholder = "{host}"

// Limits of what one node serves at a time. The page is for the few who run a
// node; beyond that it must not take from the calls.
const (
	maxStreams   = 64
	statusAge    = 500 * time.Millisecond // a status so old is shown again
	eventPeriod  = time.Second
	writeTimeout = 10 * time.Second
)

// Handler serves the page of a node. Close ends its streams.
type Handler struct {
	config  Config
	started time.Time
	mux     http.Handler
	done    chan struct{}

	mu      sync.Mutex
	closed  bool
	streams int
	wait    sync.WaitGroup
	status  []byte // JSON of a moment ago
	taken   time.Time
}

// New returns the handler of everything under /.
func New(c Config) *Handler {
	if c.Log == nil {
		c.Log = slog.Default()
	}
	if c.Snapshot == nil {
		c.Snapshot = func(context.Context, string, string) ([]byte, error) { return nil, errNoSnapshots }
	}
	if c.Dial == nil {
		c.Dial = func() []string { return []string{} }
	}
	if c.AdHoc == nil {
		c.AdHoc = func() bool { return false }
	}
	h := &Handler{config: c, started: time.Now(), done: make(chan struct{})}
	page := newPage()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", page.serve)
	mux.HandleFunc("GET /status", h.serveStatus)
	mux.HandleFunc("GET /events", h.serveEvents)
	mux.HandleFunc("GET /view/{conference}/{file}", h.serveView)
	mux.Handle("GET /metrics", metricsHandler(c))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.Write([]byte("ok\n"))
	})
	if c.Profiling {
		mux.HandleFunc("GET /debug/pprof/", pprof.Index)
		mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
		mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	}
	h.mux = secured(page.policy, mux)
	return h
}

// ServeHTTP implements http.Handler.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) { h.mux.ServeHTTP(w, r) }

// Close ends the event streams and waits for them. A second Close does nothing.
func (h *Handler) Close() {
	h.mu.Lock()
	if !h.closed {
		h.closed = true
		close(h.done)
	}
	h.mu.Unlock()
	h.wait.Wait()
}

// secured adds the headers that keep a page to itself.
func secured(policy string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("Content-Security-Policy", policy)
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("X-Frame-Options", "DENY")
		header.Set("Referrer-Policy", "no-referrer")
		header.Set("Cross-Origin-Resource-Policy", "same-origin")
		header.Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

// report is the JSON of /status and of each event.
type report struct {
	Version string    `json:"version"`
	Started time.Time `json:"started"`
	Now     time.Time `json:"now"`
	Dial    []string  `json:"dial"`
	AdHoc   bool      `json:"adhoc"`
	// Refused is how many calls were refused, by reason.
	Refused map[string]uint64 `json:"refused,omitempty"`
	engine.Status
}

// fill makes lists of nothing empty ones, which JSON does not write as null.
func (r *report) fill() {
	fillList(&r.Dial)
	fillList(&r.Conferences)
	for i := range r.Conferences {
		c := &r.Conferences[i]
		fillList(&c.Participants)
		fillList(&c.Views)
		fillList(&c.Bands)
		for j := range c.Views {
			fillList(&c.Views[j].Cells)
			fillList(&c.Views[j].Renditions)
			for k := range c.Views[j].Renditions {
				fillList(&c.Views[j].Renditions[k].Bands)
			}
		}
	}
}

func fillList[T any](list *[]T) {
	if *list == nil {
		*list = []T{}
	}
}

// statusJSON returns the status as JSON, at most statusAge old, so that many
// who look cost no more than one.
func (h *Handler) statusJSON() ([]byte, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	now := time.Now()
	if h.status != nil && now.Sub(h.taken) < statusAge {
		return h.status, nil
	}
	r := report{
		Version: h.config.Version, Started: h.started, Now: now,
		Dial: h.config.Dial(), AdHoc: h.config.AdHoc(), Status: h.config.Status(),
	}
	if h.config.Refused != nil {
		r.Refused = h.config.Refused()
	}
	r.fill()
	text, err := json.Marshal(r)
	if err != nil {
		return nil, err
	}
	h.status, h.taken = text, now
	return text, nil
}

func (h *Handler) serveStatus(w http.ResponseWriter, _ *http.Request) {
	text, err := h.statusJSON()
	if err != nil {
		h.config.Log.Error("status page", "error", err)
		http.Error(w, "the status could not be written", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Write(text)
}

// serveView answers with a JPEG, or with nothing while there is no such picture.
func (h *Handler) serveView(w http.ResponseWriter, r *http.Request) {
	view, ok := strings.CutSuffix(r.PathValue("file"), ".jpg")
	if !ok {
		http.NotFound(w, r)
		return
	}
	text, err := h.config.Snapshot(r.Context(), r.PathValue("conference"), view)
	if err != nil {
		// Views come and go with who speaks, faster than pages learn of it. That
		// is no error, which browsers would log.
		w.Header().Set("Retry-After", "1")
		w.WriteHeader(http.StatusNoContent)
		return
	}
	w.Header().Set("Content-Type", "image/jpeg")
	w.Write(text)
}
