//go:build picturebook

package codecs

import (
	"runtime/debug"
	"sync"
)

// pictureBook records the stack of whoever took the picture first.
type pictureBook struct{ key *Picture }

var (
	bookMu sync.Mutex
	book   = map[*Picture]string{}
)

func (b *pictureBook) took(p *Picture) {
	bookMu.Lock()
	defer bookMu.Unlock()
	b.key = p
	book[p] = string(debug.Stack())
}

func (b *pictureBook) gave() {
	bookMu.Lock()
	defer bookMu.Unlock()
	delete(book, b.key)
}

// PictureHolders returns the stacks of those who took the pictures that are
// still held.
func PictureHolders() []string {
	bookMu.Lock()
	defer bookMu.Unlock()
	stacks := make([]string, 0, len(book))
	for _, s := range book {
		stacks = append(stacks, s)
	}
	return stacks
}
