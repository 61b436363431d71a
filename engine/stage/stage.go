// Package stage decides who is seen: the order of recent speakers, what one
// receiver gets as main picture and as thumbnails, and which thumbnail sits in
// which cell. It knows neither sound nor pixels, has no clock and imports
// nothing of Parley. Nothing in it is safe for concurrent use.
package stage

import "slices"

// Stage is the ordered list of recent speakers of a conference: [0] current,
// [1] previous, then by recency. Those who never spoke follow in the order of
// joining, those with video before those without. When nobody has spoken yet the
// first of them is shown as if he were the current speaker.
type Stage struct {
	people  []person // always sorted
	order   []string // the ids of people
	clock   uint64   // counts joins and turns, so that no two are equal
	version uint64
}

type person struct {
	id     string
	video  bool
	joined uint64 // clock at Join
	spoke  uint64 // clock when he last became current, 0 = never
}

// New returns an empty stage.
func New() *Stage { return &Stage{} }

// Join adds a participant. The id of one who is there already only sets video.
func (s *Stage) Join(id string, video bool) {
	if s.find(id) >= 0 {
		s.SetVideo(id, video)
		return
	}
	s.clock++
	s.people = append(s.people, person{id: id, video: video, joined: s.clock})
	s.settle()
}

// Leave removes a participant. When he was the current speaker the previous one
// is current again.
func (s *Stage) Leave(id string) {
	if i := s.find(id); i >= 0 {
		s.people = slices.Delete(s.people, i, i+1)
		s.settle()
	}
}

// SetVideo says whether a participant sends video. It moves only those who
// never spoke.
func (s *Stage) SetVideo(id string, video bool) {
	if i := s.find(id); i >= 0 && s.people[i].video != video {
		s.people[i].video = video
		s.settle()
	}
}

// Speaker makes id the current speaker. Unknown ids, also "", change nothing:
// silence keeps the last speaker.
func (s *Stage) Speaker(id string) {
	i := s.find(id)
	if i < 0 || i == 0 && s.people[0].spoke != 0 {
		return
	}
	s.clock++
	s.people[i].spoke = s.clock
	s.settle()
}

// Order returns all participants. The slice is valid until the next change.
func (s *Stage) Order() []string { return s.order }

// Version counts the changes of Order.
func (s *Stage) Version() uint64 { return s.version }

func (s *Stage) find(id string) int {
	return slices.IndexFunc(s.people, func(p person) bool { return p.id == id })
}

// settle restores the order after a change of people.
func (s *Stage) settle() {
	slices.SortFunc(s.people, compare)
	changed := len(s.order) != len(s.people)
	for i := 0; !changed && i < len(s.order); i++ {
		changed = s.order[i] != s.people[i].id
	}
	if !changed {
		return
	}
	clear(s.order) // drops the ids of those gone
	s.order = s.order[:0]
	for i := range s.people {
		s.order = append(s.order, s.people[i].id)
	}
	s.version++
}

func compare(a, b person) int {
	switch {
	case a.spoke != b.spoke: // the later first; those who never spoke have 0
		if a.spoke > b.spoke {
			return -1
		}
		return 1
	case a.video != b.video:
		if a.video {
			return -1
		}
		return 1
	case a.joined < b.joined:
		return -1
	}
	return 1
}
