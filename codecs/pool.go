package codecs

import "sync"

// Pool hands out pictures and takes them back after their last Release. One
// pool serves all sizes; it keeps a bounded number of idle pictures of each.
// The zero value is ready. Safe for concurrent use.
type Pool struct {
	mu   sync.Mutex
	idle map[[2]int][]*Picture
}

// idlePerSize bounds the memory that a pool keeps for a size nobody uses any more.
const idlePerSize = 8

// Get returns a picture of width x height (rounded up to even) with one
// reference and undefined content.
func (p *Pool) Get(width, height int) *Picture {
	width, height = (width+1)&^1, (height+1)&^1
	size := [2]int{width, height}
	p.mu.Lock()
	list := p.idle[size]
	if n := len(list); n > 0 {
		pic := list[n-1]
		list[n-1] = nil
		p.idle[size] = list[:n-1]
		p.mu.Unlock()
		InitPicture(pic, pic.free)
		return pic
	}
	p.mu.Unlock()
	pic := &Picture{}
	allocate(pic, width, height)
	InitPicture(pic, p.put)
	return pic
}

func (p *Pool) put(pic *Picture) {
	pic.Timestamp = 0
	size := [2]int{pic.Width, pic.Height}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.idle == nil {
		p.idle = map[[2]int][]*Picture{}
	}
	if len(p.idle[size]) < idlePerSize {
		p.idle[size] = append(p.idle[size], pic)
	}
}
