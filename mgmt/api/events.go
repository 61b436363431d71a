package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"parley/mgmt/resource"
)

// eventsPath is where those who watch are told what changes.
const eventsPath = "/api/admin/events/"

// Limits of those who watch.
const (
	watchersMost = 400
	ofOneMost    = 100                    // of one account: nobody pushes the others out
	lookEvery    = 500 * time.Millisecond // at what has changed
	seenFor      = 300 * time.Millisecond // what one has looked at is shown to the others
	aliveEvery   = 15 * time.Second
	writeWithin  = 10 * time.Second
	editsMost    = 1000 // that wait for one who watches
)

// watchers are those who watch. Safe for concurrent use.
type watchers struct {
	mu     sync.Mutex
	closed bool                   // guarded by mu
	all    map[chan edited]string // guarded by mu: and whose account that is
	seen   map[string]seen        // guarded by mu: by resource
	done   chan struct{}
	wait   sync.WaitGroup
}

// seen is a resource as it was a moment ago.
type seen struct {
	objects []shown
	at      time.Time
}

// shown is an object as the API shows it.
type shown struct {
	id   string
	text []byte // JSON
	of   string // name of the conference that it belongs to
}

// edited tells that an object of the configuration was made, changed or deleted.
type edited struct {
	Kind string `json:"kind"`
	ID   int64  `json:"id"`
}

// enter lets an account watch once more; nil = there are too many, or the server is
// closing.
func (ws *watchers) enter(account string) chan edited {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	own := 0
	for _, of := range ws.all {
		if of == account {
			own++
		}
	}
	if ws.closed || len(ws.all) >= watchersMost || own >= ofOneMost {
		return nil
	}
	c := make(chan edited, editsMost)
	ws.all[c] = account
	ws.wait.Add(1)
	return c
}

func (ws *watchers) leave(c chan edited) {
	ws.mu.Lock()
	delete(ws.all, c)
	ws.mu.Unlock()
	ws.wait.Done()
}

// EndStreams ends the streams of those who watch and waits for them.
func (a *API) EndStreams() {
	ws := &a.watchers
	ws.mu.Lock()
	if !ws.closed {
		ws.closed = true
		close(ws.done)
	}
	ws.mu.Unlock()
	ws.wait.Wait()
}

// Edited tells those who watch of a transaction.
func (a *API) Edited(changes []resource.Change) {
	a.watchers.mu.Lock()
	defer a.watchers.mu.Unlock()
	for _, c := range changes {
		if k, ok := a.tree.Kind(c.Kind); !ok || k.Hidden {
			continue
		}
		for watcher := range a.watchers.all {
			select {
			case watcher <- edited{c.Kind, c.ID}:
			default: // it reads nothing, and its connection ends for that
			}
		}
	}
}

// look returns the objects of a resource as they are now, or were a moment ago.
func (a *API) look(p *Report) []shown {
	ws := &a.watchers
	ws.mu.Lock()
	last, ok := ws.seen[p.Kind.Name]
	ws.mu.Unlock()
	if ok && time.Since(last.at) < seenFor {
		return last.objects
	}
	now := seen{a.show(&p.Kind, statusRoot+p.Kind.Name+"/", p.List()), time.Now()}
	ws.mu.Lock()
	ws.seen[p.Kind.Name] = now
	ws.mu.Unlock()
	return now.objects
}

// show returns objects of the status as the API shows them.
func (a *API) show(k *resource.Kind, at string, objects []any) []shown {
	list := make([]shown, 0, len(objects))
	for _, object := range objects {
		o := a.statusObject(k, at, object)
		if text, err := json.Marshal(o); err == nil {
			of, _ := o["conference"].(string)
			list = append(list, shown{fmt.Sprint(o["id"]), text, of})
		}
	}
	return list
}

// watched is a resource that somebody watches, and what he was told of it.
type watched struct {
	name string
	look func() []shown
	told map[string][]byte // by id; nil = nothing yet
}

// change is an event of a stream: how a resource differs from what was told.
type change struct {
	Resource string            `json:"resource"`
	Objects  []json.RawMessage `json:"objects,omitzero"` // all of them: of a snapshot
	Changed  []json.RawMessage `json:"changed,omitempty"`
	Gone     []string          `json:"gone,omitempty"` // ids
}

// next returns the event to be sent now; "" = nothing has changed.
func (w *watched) next() (event string, c change) {
	objects := w.look()
	c.Resource = w.name
	told := make(map[string][]byte, len(objects))
	for _, o := range objects {
		told[o.id] = o.text
		if !bytes.Equal(w.told[o.id], o.text) {
			c.Changed = append(c.Changed, o.text)
		}
	}
	for id := range w.told {
		if _, still := told[id]; !still {
			c.Gone = append(c.Gone, id)
		}
	}
	first := w.told == nil
	w.told = told
	switch {
	case first:
		c.Objects, c.Changed = c.Changed, nil
		if c.Objects == nil {
			c.Objects = []json.RawMessage{}
		}
		return "snapshot", c
	case len(c.Changed)+len(c.Gone) > 0:
		slices.Sort(c.Gone)
		return "change", c
	}
	return "", c
}

// watch returns what a request wants to watch.
func (a *API) watch(r *http.Request) (list []*watched, err error) {
	query := r.URL.Query()
	for name := range query {
		if !slices.Contains([]string{"resources", "participant", "conference"}, name) {
			return nil, badRequest("%s: there is no such parameter", name)
		}
	}
	conference := query.Get("conference") // its id
	for name := range strings.SplitSeq(query.Get("resources"), ",") {
		if name == "" && query.Get("participant") != "" {
			continue // of him alone
		}
		at := slices.IndexFunc(a.reports, func(p Report) bool { return p.Kind.Name == name })
		if at < 0 {
			return nil, badRequest("resources: must be some of %s, with commas between", strings.Join(a.reportNames(), ", "))
		}
		p := &a.reports[at]
		look := func() []shown { return a.look(p) }
		if _, some := p.Kind.Field("conference"); some && conference != "" {
			look = func() []shown { return a.lookIn(p, conference) }
		}
		list = append(list, &watched{name: name, look: look})
	}
	for i := range a.reports {
		p := &a.reports[i]
		id := query.Get(p.Kind.Name)
		if p.Parts == nil || id == "" {
			continue
		}
		at := statusRoot + p.Kind.Name + "/" + id + "/" + p.PartKind.Name + "/"
		list = append(list, &watched{name: p.PartKind.Name, look: func() []shown {
			parts, _ := p.Parts(id)
			return a.show(&p.PartKind, at, parts)
		}})
	}
	return list, nil
}

// lookIn returns the objects of a resource that belong to the conference of that id.
func (a *API) lookIn(p *Report, conference string) (list []shown) {
	at := slices.IndexFunc(a.reports, func(p Report) bool { return p.Kind.Name == "conference" })
	for _, c := range a.look(&a.reports[at]) {
		var named struct{ Name string }
		if c.id != conference || json.Unmarshal(c.text, &named) != nil {
			continue
		}
		for _, o := range a.look(p) {
			if o.of == named.Name {
				list = append(list, o)
			}
		}
	}
	return list
}

func (a *API) reportNames() (names []string) {
	for i := range a.reports {
		names = append(names, a.reports[i].Kind.Name)
	}
	return names
}

// serveEvents sends what changes as server-sent events (WHATWG HTML section
// 9.2) until the client goes, its account may no more, or the server closes.
func (a *API) serveEvents(w http.ResponseWriter, r *http.Request) {
	list, err := a.watch(r)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	edits := a.watchers.enter(By(r.Context()).User)
	if edits == nil {
		w.Header().Set("Retry-After", "5")
		Refuse(w, http.StatusServiceUnavailable, "too many watch now, or the Management Node is closing")
		return
	}
	defer a.watchers.leave(edits)
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Accel-Buffering", "no") // nginx would hold events back
	look, alive := time.NewTicker(lookEvery), time.NewTicker(aliveEvery)
	defer look.Stop()
	defer alive.Stop()
	s := eventStream{w: w, control: http.NewResponseController(w)}
	for s.err == nil && len(edits) < editsMost {
		select {
		case e := <-edits:
			s.send("configuration", e)
			continue
		default:
		}
		for _, one := range list {
			if event, c := one.next(); event != "" {
				s.send(event, c)
			}
		}
		s.flush()
		select {
		case <-look.C:
		case e := <-edits:
			s.send("configuration", e)
		case <-alive.C:
			if !a.guard.Still(r) {
				return
			}
			s.comment("alive")
		case <-r.Context().Done():
			return
		case <-a.watchers.done:
			return
		}
	}
}

// eventStream writes events; after an error nothing more.
type eventStream struct {
	w       http.ResponseWriter
	control *http.ResponseController
	err     error
}

func (s *eventStream) send(event string, data any) {
	text, err := json.Marshal(data)
	if err != nil {
		s.err = err
		return
	}
	s.write(fmt.Sprintf("event: %s\ndata: %s\n\n", event, text))
}

func (s *eventStream) comment(text string) { s.write(": " + text + "\n\n") }

func (s *eventStream) write(text string) {
	if s.err != nil {
		return
	}
	// The write timeout of the server counts from the request: a stream sets its
	// own. Recorders of tests know none; writing shows what is wrong.
	_ = s.control.SetWriteDeadline(time.Now().Add(writeWithin))
	_, s.err = s.w.Write([]byte(text))
}

func (s *eventStream) flush() {
	if s.err == nil {
		s.err = s.control.Flush()
	}
}
