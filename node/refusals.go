package node

import (
	"errors"
	"strings"
	"sync"

	"parley/engine/load"
	"parley/signaling"
)

// refusals counts the calls that a host did not take, and the pictures that it
// did not let calls add, by reason. Safe for concurrent use; the zero value is
// ready.
type refusals struct {
	mu sync.Mutex
	n  map[string]uint64 // guarded by mu
}

// The reasons of those who did not fit.
const (
	reasonLoad    = "load"
	reasonPicture = "load_picture" // the call goes on, without the picture that it would have added
)

// reasons are all that there are, so that each has a count from the start on.
var reasons = []signaling.Code{
	signaling.CodeUnknownAlias, signaling.CodeConferenceFull, signaling.CodeNoCapacity, signaling.CodeNoCodec,
	signaling.CodeNoAddress, signaling.CodeBadSDP, signaling.CodeBadState, signaling.CodeInternal,
}

// reason is what metrics call a code.
func reason(c signaling.Code) string { return strings.ReplaceAll(string(c), " ", "_") }

// count counts a call that was refused with err.
func (r *refusals) count(err error) {
	why := reasonLoad
	if !errors.As(err, new(*load.NoRoom)) {
		why = reason(refusal(err).Code)
	}
	r.add(why)
}

func (r *refusals) add(why string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.n == nil {
		r.n = map[string]uint64{}
	}
	r.n[why]++
}

// read returns the counts.
func (r *refusals) read() map[string]uint64 {
	all := map[string]uint64{reasonLoad: 0, reasonPicture: 0}
	for _, c := range reasons {
		all[reason(c)] = 0
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for why, n := range r.n {
		all[why] = n
	}
	return all
}
