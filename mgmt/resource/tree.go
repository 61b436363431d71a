package resource

import (
	"cmp"
	"slices"
	"strings"
	"sync"
	"time"
)

// Op is what a change does to an object.
type Op string

// The ops.
const (
	Create Op = "create"
	Update Op = "update"
	Delete Op = "delete"
)

// Change is one object that a transaction makes, changes or takes away. Objects
// are pointers to structs that nobody changes any more.
type Change struct {
	Key
	Op            Op
	Before, After any // nil where there is none

	kind *Kind
}

// Masked returns what the object was and is with its secrets masked.
func (c *Change) Masked() (before, after any) {
	if c.Before != nil {
		before = c.kind.masked(c.Before, nil)
	}
	if c.After != nil {
		after = c.kind.masked(c.After, c.Before)
	}
	return before, after
}

// By is who makes a transaction.
type By struct {
	User    string // "" = the program itself
	Via     string // "password", "token", "setup", "join", "start"
	Address string // "" = this machine
}

// Commit is a transaction as a store keeps it.
type Commit struct {
	Version int64
	Time    time.Time // UTC, microseconds
	By      By
	Changes []Change
	Last    map[string]int64 // highest id that was ever given, of kinds where it rises
}

// Snapshot is all objects at one version.
type Snapshot struct {
	Version int64
	Objects map[string][]any // by kind
	Last    map[string]int64 // highest id that each kind ever had
}

// Store keeps what transactions change.
type Store interface {
	// Commit keeps all of it or nothing.
	Commit(c Commit) error
}

// Tree is all objects of the configuration. Safe for concurrent use.
type Tree struct {
	kinds map[string]*Kind
	names []string
	store Store

	writing sync.Mutex // one transaction at a time

	mu      sync.RWMutex
	version int64             // guarded by mu
	tables  map[string]*table // guarded by mu
	checks  []func(e *Edit) error
	changed func(version int64, c []Change) // told in the order of versions; nil = nobody
}

// table is the objects of one kind.
type table struct {
	objects map[int64]any
	order   []int64 // rising
	last    int64   // highest id ever given
	// unique finds the id of the object with a value, by field and value in
	// lower case; refs finds those that refer to an object, by field and id.
	unique map[string]map[string]int64
	refs   map[string]map[int64]map[int64]struct{}
}

// NewTree returns a tree of those kinds without objects. Singletons have theirs.
func NewTree(store Store, kinds ...Kind) *Tree {
	t := &Tree{kinds: map[string]*Kind{}, store: store, tables: map[string]*table{}}
	for i := range kinds {
		k := &kinds[i]
		t.kinds[k.Name], t.tables[k.Name] = k, newTable(k)
		t.names = append(t.names, k.Name)
		if k.Singleton {
			one := k.New()
			setID(one, 1)
			t.tables[k.Name].put(k, one)
		}
	}
	return t
}

func newTable(k *Kind) *table {
	t := &table{objects: map[int64]any{}, unique: map[string]map[string]int64{}, refs: map[string]map[int64]map[int64]struct{}{}}
	for _, f := range k.Fields {
		if f.Unique {
			t.unique[f.Name] = map[string]int64{}
		}
		if f.Ref != "" {
			t.refs[f.Name] = map[int64]map[int64]struct{}{}
		}
	}
	return t
}

// put files an object in place of the one with its id.
func (t *table) put(k *Kind, object any) {
	n := id(object)
	if _, there := t.objects[n]; there {
		t.unfile(k, n)
	} else {
		at, _ := slices.BinarySearch(t.order, n)
		t.order = slices.Insert(t.order, at, n)
	}
	t.objects[n] = object
	t.last = max(t.last, n)
	for i := range k.Fields {
		f := &k.Fields[i]
		if f.Unique {
			t.unique[f.Name][folded(f.Value(object))] = n
		}
		if f.Ref == "" {
			continue
		}
		for _, to := range f.refs(object) {
			from := t.refs[f.Name][to]
			if from == nil {
				from = map[int64]struct{}{}
				t.refs[f.Name][to] = from
			}
			from[n] = struct{}{}
		}
	}
}

// unfile takes an object out of the indices.
func (t *table) unfile(k *Kind, n int64) {
	object := t.objects[n]
	for i := range k.Fields {
		f := &k.Fields[i]
		if value := folded(f.Value(object)); f.Unique && t.unique[f.Name][value] == n {
			delete(t.unique[f.Name], value)
		}
		if f.Ref == "" {
			continue
		}
		for _, to := range f.refs(object) {
			if from := t.refs[f.Name][to]; from != nil {
				if delete(from, n); len(from) == 0 {
					delete(t.refs[f.Name], to)
				}
			}
		}
	}
}

func (t *table) remove(k *Kind, n int64) {
	if _, there := t.objects[n]; !there {
		return
	}
	t.unfile(k, n)
	delete(t.objects, n)
	if at, found := slices.BinarySearch(t.order, n); found {
		t.order = slices.Delete(t.order, at, at+1)
	}
}

// folded is a value as uniqueness compares it.
func folded(value any) string {
	s, _ := value.(string)
	return strings.ToLower(s)
}

// Load puts what a store kept into the tree, before anybody uses it. Objects of
// unknown kinds are left out.
func (t *Tree) Load(s Snapshot) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.version = s.Version
	for name, k := range t.kinds {
		for _, object := range s.Objects[name] {
			t.tables[name].put(k, object)
		}
		t.tables[name].last = max(t.tables[name].last, s.Last[name])
	}
}

// Snapshot returns all objects, by rising id.
func (t *Tree) Snapshot() Snapshot {
	t.mu.RLock()
	defer t.mu.RUnlock()
	s := Snapshot{Version: t.version, Objects: map[string][]any{}, Last: map[string]int64{}}
	for name, table := range t.tables {
		for _, n := range table.order {
			s.Objects[name] = append(s.Objects[name], table.objects[n])
		}
		s.Last[name] = table.last
	}
	return s
}

// OnChange has f told of every committed transaction, in order. f must be quick
// and must not use the tree. Call it before the tree is used.
func (t *Tree) OnChange(f func(version int64, changes []Change)) { t.changed = f }

// Check has f look at every transaction before it is kept; an error of f is the
// transaction's. Call it before the tree is used.
func (t *Tree) Check(f func(e *Edit) error) { t.checks = append(t.checks, f) }

// Kinds returns the kinds, in the order in which they were given.
func (t *Tree) Kinds() []*Kind {
	list := make([]*Kind, len(t.names))
	for i, name := range t.names {
		list[i] = t.kinds[name]
	}
	return list
}

// Kind returns the kind of that name.
func (t *Tree) Kind(name string) (*Kind, bool) {
	k, ok := t.kinds[name]
	return k, ok
}

// Version returns the version of the last change.
func (t *Tree) Version() int64 {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.version
}

// Get returns an object.
func (t *Tree) Get(kind string, n int64) (any, bool) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	table := t.tables[kind]
	if table == nil {
		return nil, false
	}
	object, ok := table.objects[n]
	return object, ok
}

// Find returns the object whose unique field has that value, whatever the letter case.
func (t *Tree) Find(kind, field, value string) (any, bool) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	table := t.tables[kind]
	if table == nil {
		return nil, false
	}
	n, ok := table.unique[field][strings.ToLower(value)]
	if !ok {
		return nil, false
	}
	return table.objects[n], true
}

// All returns all objects of a kind by rising id, and the version they are of.
func (t *Tree) All(kind string) ([]any, int64) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	table := t.tables[kind]
	if table == nil {
		return nil, t.version
	}
	list := make([]any, len(table.order))
	for i, n := range table.order {
		list[i] = table.objects[n]
	}
	return list, t.version
}

// ChildrenOf returns the ids of the objects of a child list, rising.
func (t *Tree) ChildrenOf(c Child, parent int64) []int64 {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return sortedIDs(t.tables[c.Kind].refs[c.By][parent])
}

func sortedIDs(set map[int64]struct{}) []int64 {
	list := make([]int64, 0, len(set))
	for n := range set {
		list = append(list, n)
	}
	slices.SortFunc(list, cmp.Compare)
	return list
}

// View calls f with a consistent look at several kinds, which does not change meanwhile.
func (t *Tree) View(f func(version int64, all func(kind string) []any)) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	f(t.version, func(kind string) []any {
		table := t.tables[kind]
		list := make([]any, len(table.order))
		for i, n := range table.order {
			list[i] = table.objects[n]
		}
		return list
	})
}
