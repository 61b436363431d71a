package sinks

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"time"
)

// Bounds of what waits for a sink, and of one POST.
const (
	queueMost = 10_000
	bulkMost  = 100
)

// formatVersion is that of the events.
const formatVersion = 2

// event is what is sent.
type event struct {
	Node    string  `json:"node"`
	Seq     uint64  `json:"seq"` // of this sink and node, from 1 on
	Version int     `json:"version"`
	Time    float64 `json:"time"` // seconds since 1970
	Event   string  `json:"event"`
	Data    any     `json:"data"`
}

// publisher sends to one sink.
type publisher struct {
	log    *slog.Logger
	cancel context.CancelFunc
	done   sync.WaitGroup
	wake   chan struct{}

	mu       sync.Mutex
	sink     Sink
	settings Settings
	client   *http.Client
	queue    []event
	seq      uint64
	lost     uint64
	since    time.Time // since when the first of the queue is tried in vain; zero = it is not
}

func newPublisher(s Sink, settings Settings, log *slog.Logger) *publisher {
	ctx, cancel := context.WithCancel(context.Background())
	p := &publisher{log: log.With("event_sink", s.Name), cancel: cancel, wake: make(chan struct{}, 1), sink: s, settings: settings, client: newClient(s)}
	p.add("eventsink_started", nil)
	p.done.Go(func() { p.run(ctx) })
	return p
}

// newClient returns what POSTs. Redirects are not followed: events would go where
// nobody configured it.
func newClient(s Sink) *http.Client {
	return &http.Client{
		Transport: &http.Transport{
			TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: !s.VerifyTLS}, MaxIdleConnsPerHost: 1, Proxy: http.ProxyFromEnvironment,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

func (p *publisher) name() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.sink.Name
}

// update takes another configuration of the sink.
func (p *publisher) update(s Sink, settings Settings) {
	p.mu.Lock()
	changed := s != p.sink
	if changed {
		p.client.CloseIdleConnections()
		p.client = newClient(s)
	}
	p.sink, p.settings = s, settings
	p.mu.Unlock()
	if changed {
		p.add("eventsink_updated", nil)
	}
}

// stop tells the sink once more, if it listens, and ends.
func (p *publisher) stop() {
	p.add("eventsink_stopped", nil)
	p.cancel()
}

func (p *publisher) add(name string, data any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if data == nil {
		data = struct{}{} // clients of the model look for it
	}
	p.seq++
	p.queue = append(p.queue, event{
		Node: p.settings.NodeName, Seq: p.seq, Version: formatVersion, Time: float64(time.Now().UnixMicro()) / 1e6, Event: name, Data: data,
	})
	if len(p.queue) > queueMost {
		p.queue = append([]event(nil), p.queue[len(p.queue)-queueMost:]...)
		p.lost++
	}
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// failing reports whether the sink has taken nothing for long.
func (p *publisher) failing(now time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return !p.since.IsZero() && now.Sub(p.since) >= p.settings.FailingAfter
}

// run sends what waits, in order, each until it is taken.
func (p *publisher) run(ctx context.Context) {
	wait := time.Duration(0)
	for {
		batch, settings := p.next()
		if len(batch) == 0 {
			select {
			case <-ctx.Done():
				return
			case <-p.wake:
			}
			continue
		}
		// The last ones go out after the end, too, once and quickly.
		err := p.post(context.WithoutCancel(ctx), batch)
		if err == nil {
			p.took(len(batch))
			wait = 0
			continue
		}
		if ctx.Err() != nil {
			return
		}
		p.refused(err)
		wait = min(max(2*wait, settings.First), settings.Most)
		select {
		case <-ctx.Done():
		case <-settings.After(wait):
		}
	}
}

// next returns what is to be sent in one POST.
func (p *publisher) next() ([]event, Settings) {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := min(len(p.queue), 1)
	if p.sink.Bulk {
		n = min(len(p.queue), bulkMost)
	}
	return append([]event(nil), p.queue[:n]...), p.settings
}

func (p *publisher) took(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.queue = append([]event(nil), p.queue[min(n, len(p.queue)):]...)
	if !p.since.IsZero() {
		p.since = time.Time{}
		p.log.Info("event sink takes events again", "lost", p.lost)
	}
}

func (p *publisher) refused(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.since.IsZero() {
		p.since = time.Now()
		p.log.Warn("event sink takes no events; they are tried again", "err", err)
	}
}

func (p *publisher) post(ctx context.Context, batch []event) error {
	p.mu.Lock()
	sink, client, settings := p.sink, p.client, p.settings
	p.mu.Unlock()
	var body any = batch[0]
	if sink.Bulk && len(batch) > 1 {
		// What is around them is none of the sequence.
		body = event{Node: "127.0.0.1", Version: formatVersion, Time: float64(time.Now().UnixMicro()) / 1e6, Event: "eventsink_bulk", Data: batch}
	}
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, settings.Timeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, sink.URL, bytes.NewReader(text))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	if sink.Username != "" {
		r.SetBasicAuth(sink.Username, sink.Password)
	}
	answer, err := client.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, 1<<20)) // so that the connection can be used again
	if answer.StatusCode < 200 || answer.StatusCode > 299 {
		return fmt.Errorf("it answers %s", answer.Status)
	}
	return nil
}
