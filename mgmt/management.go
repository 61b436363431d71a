package mgmt

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"

	"parley/bus"
	"parley/mgmt/api"
	"parley/mgmt/auth"
	"parley/mgmt/pages"
	"parley/mgmt/resource"
	"parley/mgmt/store"
	"parley/pki"
)

// Config is what a Management Node needs to start.
type Config struct {
	DSN     string   // of the database: postgres://..., or the path of an SQLite file
	Layouts []string // names that rooms may have
	Log     *slog.Logger
	Version string
	Bus     string // "host:port" where nodes connect
	DataDir string // where backups are kept; "" = none are made
}

// Management is a running Management Node.
type Management struct {
	log     *slog.Logger
	logged  *logRing // its last lines
	store   *store.Store
	tree    *resource.Tree
	api     *api.API
	guard   *auth.Guard
	joins   *auth.Limiter // of wrong join tokens, by network
	setup   setup
	fleet   fleet
	alarms  alarms
	started time.Time

	version string
	dataDir string

	backupFailed error // why there is no backup of the day; of the goroutine that makes it

	public atomic.Pointer[public] // nil = nothing is served yet

	authority   *pki.Authority
	certificate tls.Certificate // by the authority, for the bus
	bus         *bus.Server
	conn        *nats.Conn          // to the bus
	gate        bus.Gate            // of what comes over it
	renewals    map[int64]time.Time // the last of each node; of the goroutine that answers
	tooLarge    sync.Map            // subjects of which that was logged

	stop context.CancelFunc
	done sync.WaitGroup
}

// load opens the database and reads what is in it.
func load(ctx context.Context, c Config) (*Management, error) {
	if c.Log == nil {
		c.Log = slog.Default()
	}
	s, err := store.Open(ctx, c.DSN)
	if err != nil {
		return nil, err
	}
	ring := &logRing{}
	m := &Management{log: slog.New(newTee(c.Log.Handler(), ring)), logged: ring, store: s, started: time.Now(), version: c.Version, dataDir: c.DataDir, renewals: map[int64]time.Time{}}
	m.tree = resource.NewTree(s, m.kinds(c.Layouts)...)
	if err := s.Load(ctx, m.tree); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	held, last, err := s.Alarms(ctx)
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	m.alarms.recall(held, last)
	return m, nil
}

// Open opens the database and returns the Management Node on it.
func Open(ctx context.Context, c Config) (*Management, error) {
	m, err := load(ctx, c)
	if err != nil {
		return nil, err
	}
	m.tree.OnChange(func(version int64, changes []resource.Change) {
		m.api.Edited(changes)
		if m.conn != nil { // else nobody listens yet
			m.publish(version, changes)
		}
	})
	known := accounts{m.tree}
	m.tree.Check(known.checkLastAdministrator)
	m.guard, m.joins = auth.New(known, m.log, nil), auth.NewLimiter()
	m.api = api.New(m.tree, m.guard, m.log)
	m.api.ServeStatus(m.reports()...)
	m.api.ServeCommands(slices.Concat(m.commands(), m.backupCommands(), []api.Command{m.joinCommand(), m.snapshotCommand()})...)
	m.api.ServeFiles(m.backupFiles())
	m.api.ServeHistory(m.pasts()...)
	m.api.ServeLoad(m.load)
	m.api.ServePictures(m.picture)
	if !known.managed() {
		m.setup.token = auth.NewToken(setupTokenPrefix)
	}
	err = m.openAuthority()
	if err == nil {
		err = m.listenBus(c.Bus)
	}
	if err != nil {
		return nil, errors.Join(err, m.Close())
	}
	running, stop := context.WithCancel(context.Background())
	m.stop = stop
	m.done.Go(func() {
		version, look, forget := time.NewTicker(versionEvery), time.NewTicker(lookEvery), time.NewTicker(forgetEvery)
		defer forget.Stop()
		defer version.Stop()
		defer look.Stop()
		m.backUpDaily(time.Now())
		for {
			select {
			case <-running.Done():
				return
			case <-version.C:
				m.tellVersion()
			case now := <-look.C:
				m.watch(now)
			case now := <-forget.C:
				m.forget(running, now)
				m.backUpDaily(now)
			}
		}
	})
	return m, nil
}

// lookEvery is how often is looked at what is wrong.
const lookEvery = time.Second

// Handler returns the handler of everything that the Management Node serves.
func (m *Management) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/api/admin/", m.api)
	mux.HandleFunc("POST /api/setup/{$}", m.serveSetup)
	mux.HandleFunc("POST /api/join/{$}", m.serveJoin)
	mux.Handle("/api/session/{$}", m.guard.ServeSession(api.Refuse))
	mux.HandleFunc("/api/", api.NotFound)
	mux.Handle("/", pages.Handler())
	return protect(mux)
}

// protect refuses what pages of other sites send, with whatever the browser would
// add by itself, and has browsers take answers for nothing but what they are.
func protect(next http.Handler) http.Handler {
	own := http.NewCrossOriginProtection()
	own.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		api.Refuse(w, http.StatusForbidden, "pages of other sites may not change anything here")
	}))
	next = own.Handler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Referrer-Policy", "no-referrer")
		w.Header().Set("Cross-Origin-Resource-Policy", "same-origin")
		next.ServeHTTP(w, r)
	})
}

// Close ends everything and closes the database.
func (m *Management) Close() error {
	if m.stop != nil {
		m.stop()
	}
	if m.api != nil {
		m.api.EndStreams()
	}
	m.done.Wait()
	m.gate.Close()
	if m.conn != nil {
		m.conn.Close()
	}
	if m.bus != nil {
		m.bus.Close()
	}
	return m.store.Close()
}
