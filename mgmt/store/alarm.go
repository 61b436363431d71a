package store

import (
	"context"
	"time"
)

// Alarm is something that was, or is, wrong with the deployment, as the history
// shows it.
type Alarm struct {
	Seq         int64      `bun:",pk" json:"id" doc:"Number of the alarm."`
	Identifier  int        `json:"identifier" doc:"Number of its kind."`
	Name        string     `json:"name" doc:"Its kind."`
	Level       string     `json:"level" doc:"warning, error or critical."`
	Instance    string     `json:"instance" doc:"What it was about."`
	Node        string     `json:"node" doc:"Name of the node, if it was about one."`
	Details     string     `json:"details" doc:"What was wrong, and what to do."`
	TimeRaised  time.Time  `json:"time_raised" doc:"Since when."`
	TimeLowered *time.Time `json:"time_lowered" doc:"Until when."`
}

// AlarmTable is the table of those.
const AlarmTable = "history_alarm"

// KeepAlarm keeps an alarm as it is now.
func (s *Store) KeepAlarm(ctx context.Context, a Alarm) error {
	ctx, cancel := context.WithTimeout(ctx, writeWithin)
	defer cancel()
	_, err := s.db.NewInsert().Model(&a).ModelTableExpr(AlarmTable).
		On("CONFLICT (seq) DO UPDATE").Set("time_lowered = EXCLUDED.time_lowered").
		Set("level = EXCLUDED.level").Set("details = EXCLUDED.details").Exec(ctx)
	return err
}

// Alarms returns the alarms that were held when somebody last looked, and the
// highest number of any.
func (s *Store) Alarms(ctx context.Context) (held []Alarm, last int64, err error) {
	if err := s.db.NewSelect().Model(&held).ModelTableExpr(AlarmTable).ColumnExpr("*").Where("time_lowered IS NULL").OrderExpr("seq").Scan(ctx); err != nil {
		return nil, 0, err
	}
	err = s.db.NewSelect().TableExpr(AlarmTable).ColumnExpr("COALESCE(MAX(seq), 0)").Scan(ctx, &last)
	return held, last, err
}
