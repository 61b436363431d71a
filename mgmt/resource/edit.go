package resource

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Edit is a transaction under way: changes that are seen by it alone until all
// of them are found right and are kept.
type Edit struct {
	tree    *Tree
	resolve Resolver
	now     time.Time
	changes []*Change
	byKey   map[Key]*Change
	last    map[string]int64
	// By is who makes it.
	By By
	// Reveal is what is told once, to whoever made an object: tokens.
	Reveal map[string]any
}

// Edit runs f and commits what it changed, all or nothing. Errors are those of
// f, *Problems, *InUse, ErrNoKind, ErrNoObject, or ErrStore.
func (t *Tree) Edit(resolve Resolver, f func(e *Edit) error) ([]Change, error) {
	t.writing.Lock()
	defer t.writing.Unlock()
	e := &Edit{tree: t, resolve: resolve, now: time.Now().UTC().Truncate(time.Microsecond), byKey: map[Key]*Change{}, last: map[string]int64{}, Reveal: map[string]any{}}
	if err := f(e); err != nil {
		return nil, err
	}
	if err := e.check(); err != nil {
		return nil, err
	}
	for _, check := range t.checks {
		if err := check(e); err != nil {
			return nil, err
		}
	}
	var changes []Change
	for _, c := range e.changes {
		if c.Before != nil || c.After != nil {
			changes = append(changes, *c)
		}
	}
	if len(changes) == 0 {
		return nil, nil
	}
	version := t.version + 1 // only transactions change it
	if err := t.store.Commit(Commit{Version: version, Time: e.now, By: e.By, Changes: changes, Last: e.last}); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrStore, err)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.version = version
	for _, c := range changes {
		if c.After == nil {
			t.tables[c.Kind].remove(t.kinds[c.Kind], c.ID)
		} else {
			t.tables[c.Kind].put(t.kinds[c.Kind], c.After)
		}
	}
	for kind, n := range e.last {
		t.tables[kind].last = max(t.tables[kind].last, n)
	}
	if t.changed != nil {
		t.changed(version, changes)
	}
	return changes, nil
}

// Resolve replaces how URIs are read.
func (e *Edit) Resolve(resolve Resolver) { e.resolve = resolve }

// Get returns an object as the transaction sees it.
func (e *Edit) Get(kind string, n int64) (any, bool) {
	if c := e.byKey[Key{kind, n}]; c != nil {
		return c.After, c.After != nil
	}
	return e.tree.Get(kind, n)
}

// Create makes an object of in, and those of its child lists with it, and
// returns its id.
func (e *Edit) Create(kind string, in Input) (int64, error) {
	k, ok := e.tree.kinds[kind]
	if !ok || k.Singleton {
		return 0, ErrNoKind
	}
	object := k.New()
	p := &Problems{Kind: kind}
	for i := range k.Fields {
		f := &k.Fields[i]
		if _, given := in[f.Name]; f.Required && !given {
			p.Addf(f.Name, "is required: %s", f.Doc)
		}
		if f.ReadOnly && f.Type == Datetime {
			f.set(object, e.now)
		}
	}
	k.decode(in, object, e.resolve, p)
	if len(p.Fields) == 0 && k.Prepare != nil {
		k.Prepare(e, object, in, true, p)
	}
	if err := p.err(); err != nil {
		return 0, err
	}
	n := e.nextID(kind)
	setID(object, n)
	e.put(&Change{Key: Key{kind, n}, Op: Create, After: object})
	return n, e.children(k, n, in)
}

// Update changes the fields of an object that in names.
func (e *Edit) Update(kind string, n int64, in Input) error {
	k, ok := e.tree.kinds[kind]
	if !ok {
		return ErrNoKind
	}
	before, ok := e.Get(kind, n)
	if !ok {
		return ErrNoObject
	}
	object := k.clone(before)
	p := &Problems{Kind: kind}
	k.decode(in, object, e.resolve, p)
	if len(p.Fields) == 0 && k.Prepare != nil {
		k.Prepare(e, object, in, false, p)
	}
	if err := p.err(); err != nil {
		return err
	}
	e.put(&Change{Key: Key{kind, n}, Op: Update, Before: before, After: object})
	return e.children(k, n, in)
}

// Set changes fields that only Parley sets.
func (e *Edit) Set(kind string, n int64, set func(object any)) error {
	k, ok := e.tree.kinds[kind]
	if !ok {
		return ErrNoKind
	}
	before, ok := e.Get(kind, n)
	if !ok {
		return ErrNoObject
	}
	object := k.clone(before)
	set(object)
	e.put(&Change{Key: Key{kind, n}, Op: Update, Before: before, After: object})
	return nil
}

// Delete takes an object away, with those that are owned by it.
func (e *Edit) Delete(kind string, n int64) error {
	k, ok := e.tree.kinds[kind]
	if !ok || k.Singleton {
		return ErrNoKind
	}
	before, ok := e.Get(kind, n)
	if !ok {
		return ErrNoObject
	}
	e.put(&Change{Key: Key{kind, n}, Op: Delete, Before: before})
	for _, by := range e.referrers(Key{kind, n}, true) {
		if err := e.Delete(by.Kind, by.ID); err != nil {
			return err
		}
	}
	return nil
}

// All returns the objects of a kind as the transaction sees them.
func (e *Edit) All(kind string) []any {
	all, _ := e.tree.All(kind)
	all = slices.DeleteFunc(all, func(one any) bool { return e.byKey[Key{kind, id(one)}] != nil })
	for _, c := range e.changes {
		if c.Kind == kind && c.After != nil {
			all = append(all, c.After)
		}
	}
	return all
}

// Replace makes the objects those of a snapshot. Singletons that it does not have
// get their defaults.
func (e *Edit) Replace(s Snapshot) error {
	for _, name := range e.tree.names {
		k := e.tree.kinds[name]
		objects := s.Objects[name]
		if k.Singleton && len(objects) == 0 {
			objects = []any{k.New()}
			setID(objects[0], 1)
		}
		wanted := map[int64]bool{}
		for _, one := range objects {
			n := id(one)
			if wanted[n] || n < 1 || k.Singleton && n != 1 {
				return fmt.Errorf("there cannot be %s, or not twice", Key{name, n})
			}
			wanted[n] = true
		}
		for _, one := range e.All(name) {
			if n := id(one); !wanted[n] {
				e.put(&Change{Key: Key{name, n}, Op: Delete, Before: one})
			}
		}
		e.last[name] = max(e.last[name], s.Last[name])
		for _, one := range objects {
			n := id(one)
			e.last[name] = max(e.last[name], n)
			before, there := e.Get(name, n)
			switch {
			case !there:
				e.put(&Change{Key: Key{name, n}, Op: Create, After: one})
			case !same(before, one):
				e.put(&Change{Key: Key{name, n}, Op: Update, Before: before, After: one})
			}
		}
	}
	return nil
}

// same compares objects as they are kept.
func same(a, b any) bool {
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && bytes.Equal(x, y)
}

// children makes the child lists what in says they are: objects without id are
// made, those with one are changed, those left out are deleted.
func (e *Edit) children(k *Kind, n int64, in Input) error {
	for _, child := range k.Children {
		raw, given := in[child.Name]
		if !given {
			continue
		}
		list, err := inputs(raw)
		if err != nil {
			p := &Problems{Kind: k.Name}
			p.Addf(child.Name, "must be a list of %s objects", child.Kind)
			return p
		}
		left := e.childIDs(child, n)
		for _, one := range list {
			if _, given := one[child.By]; !given {
				one[child.By] = nil
			}
			delete(one, child.By) // it is this one's, whatever it says
			at := one.id()
			if i := slices.Index(left, at); at > 0 && i >= 0 {
				left = slices.Delete(left, i, i+1)
				if err := e.Update(child.Kind, at, one); err != nil {
					return nested(k.Name, child.Name, err)
				}
				continue
			}
			if err := e.createChild(child, n, one); err != nil {
				return nested(k.Name, child.Name, err)
			}
		}
		for _, at := range left {
			if err := e.Delete(child.Kind, at); err != nil {
				return err
			}
		}
	}
	return nil
}

func (e *Edit) createChild(child Child, parent int64, in Input) error {
	resolve := e.resolve
	defer func() { e.resolve = resolve }()
	e.resolve = func(kind, uri string) (int64, bool) {
		if uri == ownParent {
			return parent, true
		}
		return resolve(kind, uri)
	}
	in[child.By] = []byte(`"` + ownParent + `"`)
	_, err := e.Create(child.Kind, in)
	return err
}

// ownParent stands for the URI of an object that is being made.
const ownParent = "."

// nested says in which list the object with problems is.
func nested(kind, list string, err error) error {
	if p := (*Problems)(nil); errors.As(err, &p) {
		outer := &Problems{Kind: kind}
		for field, texts := range p.Fields {
			for _, text := range texts {
				outer.Addf(list, "%s %s", field, text)
			}
		}
		return outer
	}
	return err
}

func (e *Edit) nextID(kind string) int64 {
	e.last[kind] = max(e.last[kind], e.tree.tables[kind].last) + 1
	return e.last[kind]
}

// put adds a change, or joins it with what the transaction did to the object before.
func (e *Edit) put(c *Change) {
	c.kind = e.tree.kinds[c.Kind]
	first := e.byKey[c.Key]
	if first == nil {
		e.changes, e.byKey[c.Key] = append(e.changes, c), c
		return
	}
	first.After = c.After
	switch {
	case c.After == nil && first.Before == nil: // made and gone
	case c.After == nil:
		first.Op = Delete
	case first.Before == nil:
		first.Op = Create
	default:
		first.Op = Update
	}
}
