package api

import (
	"log/slog"
	"net/http"

	"parley/mgmt/auth"
	"parley/mgmt/resource"
)

// API is the handler of everything under /api/admin/.
type API struct {
	tree    *resource.Tree
	guard   *auth.Guard
	log     *slog.Logger
	mux     *http.ServeMux
	guarded http.Handler

	reports  []Report
	commands []Command
	pasts    []Past
	files    []Files
	watchers watchers
}

// New returns the API on a configuration, for those whom the guard lets through.
func New(tree *resource.Tree, guard *auth.Guard, log *slog.Logger) *API {
	a := &API{tree: tree, guard: guard, log: log, mux: http.NewServeMux()}
	a.watchers = watchers{all: map[chan edited]string{}, seen: map[string]seen{}, done: make(chan struct{})}
	a.guarded = guard.Wrap(a.mux, Refuse)
	for _, k := range tree.Kinds() {
		if !k.Hidden {
			a.serveKind(k)
		}
	}
	a.mux.HandleFunc("GET "+configurationRoot+"{$}", a.index)
	a.mux.HandleFunc("GET "+eventsPath+"{$}", a.serveEvents)
	a.serveDocs()
	a.mux.HandleFunc("/", NotFound)
	return a
}

// ServeHTTP implements http.Handler.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) { a.guarded.ServeHTTP(w, r) }

// index lists the resources.
func (a *API) index(w http.ResponseWriter, _ *http.Request) {
	list := map[string]map[string]string{}
	for _, k := range a.tree.Kinds() {
		if k.Hidden {
			continue
		}
		at := configurationRoot + k.Name + "/"
		list[k.Name] = map[string]string{"list_endpoint": at, "schema": at + "schema/"}
	}
	reply(w, http.StatusOK, list)
}
