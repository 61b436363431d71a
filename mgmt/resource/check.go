package resource

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
)

// check looks at what the transaction would leave: values that must be unique,
// and references.
func (e *Edit) check() error {
	taken := map[string]Key{} // values of unique fields among the changes
	for _, c := range e.changes {
		if c.After == nil {
			if by := e.untouched(c.Key); c.Before != nil && len(by) > 0 {
				return &InUse{c.Kind, c.ID, by[:min(len(by), 3)]}
			}
			continue
		}
		k := e.tree.kinds[c.Kind]
		p := &Problems{Kind: c.Kind}
		for i := range k.Fields {
			f := &k.Fields[i]
			if f.Unique {
				if twin, found := e.twin(k, f, c, taken); found {
					p.Addf(f.Name, "%q is that of %s already", f.Value(c.After), twin)
				}
			}
			if f.Ref == "" {
				continue
			}
			for _, to := range f.refs(c.After) {
				if _, there := e.Get(f.Ref, to); !there {
					p.Addf(f.Name, "there is no %s with id %d", f.Ref, to)
				}
				if f.Ref == c.Kind && to == c.ID {
					p.Addf(f.Name, "must not be the object itself")
				}
			}
		}
		if err := p.err(); err != nil {
			return err
		}
	}
	return nil
}

// twin returns another object with the same value of a unique field.
func (e *Edit) twin(k *Kind, f *Field, c *Change, taken map[string]Key) (Key, bool) {
	value := folded(f.Value(c.After))
	among := k.Name + "\x00" + f.Name + "\x00" + value
	if other, found := taken[among]; found {
		return other, true
	}
	taken[among] = c.Key
	e.tree.mu.RLock()
	n, found := e.tree.tables[k.Name].unique[f.Name][value]
	e.tree.mu.RUnlock()
	if !found || n == c.ID || e.byKey[Key{k.Name, n}] != nil { // what is changed is looked at itself
		return Key{}, false
	}
	return Key{k.Name, n}, true
}

// referrers returns the objects that refer to one, as the transaction leaves
// them: those that it owns, or the others.
func (e *Edit) referrers(to Key, owned bool) []Key {
	var list []Key
	for _, name := range e.tree.names {
		k := e.tree.kinds[name]
		for i := range k.Fields {
			if f := &k.Fields[i]; f.Ref == to.Kind && f.Owned == owned {
				list = e.referring(list, k, f, to.ID)
			}
		}
	}
	return list
}

// untouched returns the objects that refer to one and that the transaction does
// not change; those that it does are looked at themselves.
func (e *Edit) untouched(to Key) (list []Key) {
	for _, name := range e.tree.names {
		k := e.tree.kinds[name]
		for i := range k.Fields {
			if f := &k.Fields[i]; f.Ref == to.Kind {
				list = e.stillReferring(list, k, f, to.ID)
			}
		}
	}
	return list
}

func (e *Edit) referring(list []Key, k *Kind, f *Field, to int64) []Key {
	list = e.stillReferring(list, k, f, to)
	for _, c := range e.changes {
		if c.Kind == k.Name && c.After != nil && slices.Contains(f.refs(c.After), to) {
			list = append(list, c.Key)
		}
	}
	return list
}

// stillReferring are those of referring that the transaction does not change.
func (e *Edit) stillReferring(list []Key, k *Kind, f *Field, to int64) []Key {
	e.tree.mu.RLock()
	ids := sortedIDs(e.tree.tables[k.Name].refs[f.Name][to])
	e.tree.mu.RUnlock()
	for _, n := range ids {
		if e.byKey[Key{k.Name, n}] == nil {
			list = append(list, Key{k.Name, n})
		}
	}
	return list
}

func (e *Edit) childIDs(c Child, parent int64) []int64 {
	var ids []int64
	k := e.tree.kinds[c.Kind]
	f, _ := k.Field(c.By)
	for _, key := range e.referring(nil, k, f, parent) {
		ids = append(ids, key.ID)
	}
	return ids
}

// inputs reads a list of objects; those that are given by URI alone have that
// as their resource_uri.
func inputs(raw json.RawMessage) ([]Input, error) {
	var list []json.RawMessage
	if err := json.Unmarshal(raw, &list); err != nil {
		return nil, err
	}
	all := make([]Input, len(list))
	for i, one := range list {
		if one = bytes.TrimSpace(one); len(one) > 0 && one[0] == '"' {
			all[i] = Input{"resource_uri": one}
			continue
		}
		if err := json.Unmarshal(one, &all[i]); err != nil {
			return nil, err
		}
		if all[i] == nil {
			all[i] = Input{}
		}
	}
	return all, nil
}

// id returns the number that in says that it has, as id or at the end of its
// resource_uri; 0 = none.
func (in Input) id() int64 {
	var n int64
	if json.Unmarshal(in["id"], &n) == nil && n > 0 {
		return n
	}
	var uri string
	if json.Unmarshal(in["resource_uri"], &uri) != nil {
		return 0
	}
	uri = strings.TrimSuffix(uri, "/")
	_ = json.Unmarshal([]byte(uri[strings.LastIndexByte(uri, '/')+1:]), &n)
	return max(n, 0)
}
