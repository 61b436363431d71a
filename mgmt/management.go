package mgmt

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync"

	"parley/config"
	"parley/mgmt/api"
	"parley/mgmt/auth"
	"parley/mgmt/resource"
	"parley/mgmt/store"
)

// Config is what a Management Node needs to start.
type Config struct {
	DSN     string   // of the database: postgres://..., or the path of an SQLite file
	Layouts []string // names that rooms may have
	Log     *slog.Logger
	Version string
}

// Management is a running Management Node.
type Management struct {
	log   *slog.Logger
	store *store.Store
	tree  *resource.Tree
	api   *api.API
	guard *auth.Guard
	setup setup

	changed chan struct{} // there is something to tell
	mu      sync.Mutex
	follow  []func(config.Deployment) // guarded by mu
	stop    context.CancelFunc
	done    sync.WaitGroup
}

// Open opens the database and returns the Management Node on it.
func Open(ctx context.Context, c Config) (*Management, error) {
	if c.Log == nil {
		c.Log = slog.Default()
	}
	s, err := store.Open(ctx, c.DSN)
	if err != nil {
		return nil, err
	}
	m := &Management{log: c.Log, store: s, tree: resource.NewTree(s, kinds(c.Layouts)...), changed: make(chan struct{}, 1)}
	if err := s.Load(ctx, m.tree); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	m.tree.OnChange(func(int64, []resource.Change) {
		select {
		case m.changed <- struct{}{}:
		default: // it is known that something is to be told
		}
	})
	known := accounts{m.tree}
	m.tree.Check(known.checkLastAdministrator)
	m.guard = auth.New(known, c.Log, nil)
	m.api = api.New(m.tree, m.guard, c.Log)
	if !known.managed() {
		m.setup.token = auth.NewToken(setupTokenPrefix)
	}
	running, stop := context.WithCancel(context.Background())
	m.stop = stop
	m.done.Go(func() {
		for {
			select {
			case <-running.Done():
				return
			case <-m.changed:
				m.tell()
			}
		}
	})
	return m, nil
}

// Follow has f told of the configuration, now and after every change. Calls do
// not overlap; changes in quick succession may be told together.
func (m *Management) Follow(f func(config.Deployment)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.follow = append(m.follow, f)
	f(m.Deployment())
}

func (m *Management) tell() {
	m.mu.Lock()
	defer m.mu.Unlock()
	d := m.Deployment()
	for _, f := range m.follow {
		f(d)
	}
}

// Handler returns the handler of everything that the Management Node serves.
func (m *Management) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/api/admin/", m.api)
	mux.HandleFunc("POST /api/setup/{$}", m.serveSetup)
	return mux
}

// Close ends everything and closes the database.
func (m *Management) Close() error {
	m.stop()
	m.done.Wait()
	return m.store.Close()
}
