package store

import (
	"context"
	"slices"
	"time"
)

// BusyPoint is how much was going on in a step of time.
type BusyPoint struct {
	Time         time.Time // the end of the step
	Participants int       // most at the same time in it, of those who have left since
	Joined       int       // in the step
}

// sweepMost is how many calls are looked at one by one. Where there were more,
// how many there were at the end of each step tells as much as the most.
const sweepMost = 20_000

// Busy returns how many participants there were from a time on, step by step.
func (s *Store) Busy(ctx context.Context, from time.Time, step time.Duration, steps int) ([]BusyPoint, error) {
	ctx, cancel := context.WithTimeout(ctx, readWithin)
	defer cancel()
	to := from.Add(step * time.Duration(steps))
	var calls []struct{ StartTime, EndTime time.Time }
	if err := s.db.NewSelect().TableExpr(ParticipantTable).Column("start_time", "end_time").
		Where("end_time >= ? AND start_time < ?", from.UTC(), to.UTC()).Limit(sweepMost+1).Scan(ctx, &calls); err != nil {
		return nil, err
	}
	if len(calls) > sweepMost {
		return s.Sample(ctx, from, step, steps)
	}
	type event struct {
		at   time.Time
		more int
	}
	events := make([]event, 0, 2*len(calls))
	for _, c := range calls {
		events = append(events, event{c.StartTime, 1}, event{c.EndTime, -1})
	}
	slices.SortFunc(events, func(a, b event) int { return a.at.Compare(b.at) })
	list := make([]BusyPoint, steps)
	there, i := 0, 0
	for ; i < len(events) && events[i].at.Before(from); i++ {
		there += events[i].more
	}
	for k := range list {
		p := &list[k]
		p.Time, p.Participants = from.Add(step*time.Duration(k+1)), there
		for ; i < len(events) && events[i].at.Before(p.Time); i++ {
			there += events[i].more
			p.Participants = max(p.Participants, there)
			p.Joined += max(events[i].more, 0)
		}
	}
	return list, nil
}

// Sample is Busy with how many there were at the end of each step. It counts in
// indexes only.
func (s *Store) Sample(ctx context.Context, from time.Time, step time.Duration, steps int) ([]BusyPoint, error) {
	count := func(column string, from, before time.Time) (int, error) {
		q := s.db.NewSelect().TableExpr(ParticipantTable).Where(column+" < ?", before.UTC())
		if !from.IsZero() {
			q.Where(column+" >= ?", from.UTC())
		}
		n, err := q.Count(ctx)
		return int(n), err
	}
	there := 0
	list := make([]BusyPoint, 0, steps+1)
	for last, at := (time.Time{}), from; len(list) <= steps; last, at = at, at.Add(step) {
		joined, err := count("start_time", last, at)
		if err != nil {
			return nil, err
		}
		left, err := count("end_time", last, at)
		if err != nil {
			return nil, err
		}
		there += joined - left
		list = append(list, BusyPoint{at, there, joined})
	}
	return list[1:], nil
}
