package caller

import (
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"parley/engine/rtp"
)

// mediaFile is the file that a recorder writes.
type mediaFile interface {
	WriteVideo(accessUnit []byte, pts time.Duration, key bool) error
	WriteAudio(frame []float32, pts time.Duration) error
	Close() error
}

// recorder writes what a caller is sent to a file, from a goroutine of its own
// so that a slow disk delays nobody. What it cannot take is dropped and counted.
type recorder struct {
	path      string
	audioOnly bool
	queue     chan recorded
	done      chan struct{}
	dropped   atomic.Uint64

	mu     sync.Mutex
	began  time.Time // guarded by mu
	closed bool      // guarded by mu

	// of run only
	file mediaFile
	err  error
}

// recorded is one thing to write; size is zero for sound.
type recorded struct {
	unit  []byte
	key   bool
	size  [2]int
	sound []float32
	pts   time.Duration
}

// recorderQueue is about three seconds of pictures and sound.
const recorderQueue = 256

func newRecorder(path string, audioOnly bool) (*recorder, error) {
	if !canRecord {
		return nil, ErrNoRecording
	}
	r := &recorder{path: path, audioOnly: audioOnly, queue: make(chan recorded, recorderQueue), done: make(chan struct{})}
	go r.run()
	return r, nil
}

func (r *recorder) start(at time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.began = at
}

func (r *recorder) video(u rtp.AccessUnit, size [2]int) {
	if u.Damaged {
		return
	}
	r.put(recorded{unit: append([]byte(nil), u.Data...), key: u.Key, size: size}, u.Arrival)
}

func (r *recorder) audio(samples []float32, at time.Time) {
	if len(samples) > 0 {
		r.put(recorded{sound: append([]float32(nil), samples...)}, at)
	}
}

func (r *recorder) put(item recorded, at time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed || r.began.IsZero() {
		return
	}
	item.pts = at.Sub(r.began)
	select {
	case r.queue <- item:
	default:
		r.dropped.Add(1)
	}
}

// run writes until the queue is closed. The file begins with the first decoded
// key frame, or with the first sound of a call without video.
func (r *recorder) run() {
	defer close(r.done)
	var start time.Duration
	for item := range r.queue {
		if r.err != nil {
			continue
		}
		if r.file == nil {
			if !r.audioOnly && (!item.key || item.size[0] == 0) {
				continue
			}
			if r.file, r.err = createFile(r.path, item.size, r.audioOnly); r.err != nil {
				continue
			}
			start = item.pts
		}
		switch {
		case item.pts < start:
		case item.unit != nil:
			r.err = r.file.WriteVideo(item.unit, item.pts-start, item.key)
		default:
			r.err = r.file.WriteAudio(item.sound, item.pts-start)
		}
	}
	if r.file != nil {
		r.err = errors.Join(r.err, r.file.Close())
	}
}

func (r *recorder) close() error {
	r.mu.Lock()
	if !r.closed {
		r.closed = true
		close(r.queue)
	}
	r.mu.Unlock()
	<-r.done
	return r.err
}
