package store

import (
	"context"
	"slices"
	"time"

	"github.com/uptrace/bun"
)

// The structs of this file are rows of the history, with the names and units of
// the model API; see config/resources.go for the tags.

// HistoryConference is a conference that is over.
type HistoryConference struct {
	Seq              int64     `json:"-" bun:",pk,autoincrement"`
	ID               string    `json:"id" bun:"id" doc:"UUID of the conference."`
	Name             string    `json:"name" bun:"name" doc:"Its name."`
	ServiceType      string    `json:"service_type" bun:"service_type" doc:"conference."`
	Tag              string    `json:"tag" bun:"tag" doc:"Tag of the service."`
	StartTime        time.Time `json:"start_time" bun:"start_time" doc:"When it began."`
	EndTime          time.Time `json:"end_time" bun:"end_time" doc:"When it ended."`
	Duration         int       `json:"duration" bun:"duration" doc:"Seconds."`
	ParticipantCount int       `json:"participant_count" bun:"participant_count" doc:"How many were ever in it."`
	Node             string    `json:"node" bun:"node" doc:"Name of the node. (Parley only)"`
}

// HistoryParticipant is a participant who has left.
type HistoryParticipant struct {
	Seq            int64     `json:"-" bun:",pk,autoincrement"`
	ID             string    `json:"id" bun:"id" doc:"UUID of the participant."`
	Conference     string    `json:"conference" bun:"conference" doc:"UUID of the conference."`
	ConferenceName string    `json:"conference_name" bun:"conference_name" doc:"Name of the conference."`
	DisplayName    string    `json:"display_name" bun:"display_name" doc:"What the others read."`
	RemoteAlias    string    `json:"remote_alias" bun:"remote_alias" doc:"Address of the caller."`
	LocalAlias     string    `json:"local_alias" bun:"local_alias" doc:"What he dialled."`
	CallUUID       string    `json:"call_uuid" bun:"call_uuid" doc:"UUID of the call: it stays when he is transferred."`
	ConversationID string    `json:"conversation_id" bun:"conversation_id" doc:"Call-ID of the call."`
	Protocol       string    `json:"protocol" bun:"protocol" doc:"SIP."`
	Vendor         string    `json:"vendor" bun:"vendor" doc:"What his endpoint calls itself."`
	Role           string    `json:"role" bun:"role" doc:"chair (host) or guest."`
	ServiceType    string    `json:"service_type" bun:"service_type" doc:"conference."`
	ServiceTag     string    `json:"service_tag" bun:"service_tag" doc:"Tag of the service."`
	CallDirection  string    `json:"call_direction" bun:"call_direction" doc:"in."`
	Encryption     string    `json:"encryption" bun:"encryption" doc:"Off."`
	CallQuality    string    `json:"call_quality" bun:"call_quality" doc:"Mean of the windows of 20 s: 0_unknown, 1_good, 2_ok, 3_bad or 4_terrible."`
	Buckets        string    `json:"bucketed_call_quality" bun:"bucketed_call_quality" object:"yes" doc:"How many windows were unknown, good, ok, bad, terrible."`
	Windows        string    `json:"historic_call_quality" bun:"historic_call_quality" object:"yes" doc:"Each window of 20 s: 0 unknown, 1 good, 2 ok, 3 bad, 4 terrible."`
	Reason         string    `json:"disconnect_reason" bun:"disconnect_reason" doc:"Why the call ended."`
	RemoteAddress  string    `json:"remote_address" bun:"remote_address" doc:"Where his signalling came from."`
	RemotePort     int       `json:"remote_port" bun:"remote_port" doc:"And its port."`
	MediaNode      string    `json:"media_node" bun:"media_node" doc:"Node with his media."`
	SignallingNode string    `json:"signalling_node" bun:"signalling_node" doc:"Node with his signalling."`
	SystemLocation string    `json:"system_location" bun:"system_location" doc:"Name of the location of the node."`
	RxBandwidth    int       `json:"rx_bandwidth" bun:"rx_bandwidth" doc:"kbit/s that he sent at the end."`
	TxBandwidth    int       `json:"tx_bandwidth" bun:"tx_bandwidth" doc:"kbit/s that he was sent at the end."`
	HasMedia       bool      `json:"has_media" bun:"has_media" doc:"Whether he had sound or picture."`
	StartTime      time.Time `json:"start_time" bun:"start_time" doc:"When he came."`
	EndTime        time.Time `json:"end_time" bun:"end_time" doc:"When he left."`
	Duration       int       `json:"duration" bun:"duration" doc:"Seconds."`
}

// HistoryMediaStream is the media of a participant who has left.
type HistoryMediaStream struct {
	Seq           int64     `json:"id" bun:",pk,autoincrement" doc:"Number of the stream."`
	Participant   string    `json:"participant" bun:"participant" doc:"UUID of the participant."`
	StreamID      string    `json:"stream_id" bun:"stream_id" doc:"Number of the stream in the call."`
	StreamType    string    `json:"stream_type" bun:"stream_type" doc:"audio or video."`
	Node          string    `json:"node" bun:"node" doc:"Name of the node."`
	StartTime     time.Time `json:"start_time" bun:"start_time" doc:"When it began."`
	EndTime       time.Time `json:"end_time" bun:"end_time" doc:"When it ended."`
	RxCodec       string    `json:"rx_codec" bun:"rx_codec" doc:"What he sent."`
	RxBitrate     int       `json:"rx_bitrate" bun:"rx_bitrate" doc:"kbit/s."`
	RxResolution  string    `json:"rx_resolution" bun:"rx_resolution" doc:"Such as 1280x720."`
	RxFPS         float64   `json:"rx_fps" bun:"rx_fps" doc:"Pictures a second."`
	RxPackets     int64     `json:"rx_packets_received" bun:"rx_packets_received" doc:"In all."`
	RxPacketsLost int64     `json:"rx_packets_lost" bun:"rx_packets_lost" doc:"In all."`
	RxPacketLoss  float64   `json:"rx_packet_loss" bun:"rx_packet_loss" doc:"Percent of all."`
	RxJitter      float64   `json:"rx_jitter" bun:"rx_jitter" doc:"Milliseconds, at the end."`
	TxCodec       string    `json:"tx_codec" bun:"tx_codec" doc:"What he was sent."`
	TxBitrate     int       `json:"tx_bitrate" bun:"tx_bitrate" doc:"kbit/s."`
	TxResolution  string    `json:"tx_resolution" bun:"tx_resolution" doc:"Such as 1280x720."`
	TxFPS         float64   `json:"tx_fps" bun:"tx_fps" doc:"Pictures a second."`
	TxPackets     int64     `json:"tx_packets_sent" bun:"tx_packets_sent" doc:"In all."`
	TxPacketsLost int64     `json:"tx_packets_lost" bun:"tx_packets_lost" doc:"In all, as he reported."`
	TxPacketLoss  float64   `json:"tx_packet_loss" bun:"tx_packet_loss" doc:"Percent, as he reported at the end."`
}

// Member says who was in which conference.
type Member struct{ ID, Conference string }

// Members returns who was in conferences, in order of coming.
func (s *Store) Members(ctx context.Context, conferences []string) (list []Member, err error) {
	ctx, cancel := context.WithTimeout(ctx, readWithin)
	defer cancel()
	err = s.db.NewSelect().TableExpr(ParticipantTable).Column("id", "conference").Where("conference IN (?)", bun.List(conferences)).
		OrderExpr("start_time, seq").Scan(ctx, &list)
	return list, err
}

// StreamsOf returns the media of participants.
func (s *Store) StreamsOf(ctx context.Context, participants []string) (list []HistoryMediaStream, err error) {
	ctx, cancel := context.WithTimeout(ctx, readWithin)
	defer cancel()
	err = s.db.NewSelect().Model(&list).ModelTableExpr(StreamTable).ColumnExpr("*").Where("participant IN (?)", bun.List(participants)).
		OrderExpr("participant, seq").Scan(ctx)
	return list, err
}

// Tables of the history.
const (
	ConferenceTable  = "history_conference"
	ParticipantTable = "history_participant"
	StreamTable      = "history_media_stream"
)

// History is what a node has handed over, up to a number of its journal.
type History struct {
	Node         int64
	Journal      string
	Number       int64
	Conferences  []HistoryConference
	Participants []HistoryParticipant
	Streams      []HistoryMediaStream
}

// position is a row: how far a journal has been taken.
type position struct {
	bun.BaseModel `bun:"table:history_position"`
	Node          int64  `bun:",pk"`
	Journal       string `bun:",pk"`
	Number        int64
}

// JournalsMost is how many journals of a node are known; a node has one, and
// another when it lost its disk.
const JournalsMost = 100

// Position returns the number up to which a journal has been taken; 0 = nothing.
func (s *Store) Position(ctx context.Context, node int64, journal string) (number int64, err error) {
	err = s.db.NewSelect().Model((*position)(nil)).ColumnExpr("COALESCE(MAX(number), 0)").
		Where("node = ? AND journal = ?", node, journal).Scan(ctx, &number)
	return number, err
}

// AddHistory keeps all of it or nothing; what is there already is left out.
func (s *Store) AddHistory(ctx context.Context, h History) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	return s.transaction(ctx, func(ctx context.Context, tx bun.Tx) error {
		if err := insert(ctx, tx, ConferenceTable, h.Conferences, "id"); err != nil {
			return err
		}
		fresh, err := unknown(ctx, tx, h.Participants)
		if err != nil {
			return err
		}
		if err := insert(ctx, tx, ParticipantTable, fresh, ""); err != nil {
			return err
		}
		if err := countValues(ctx, tx, fresh, 1); err != nil {
			return err
		}
		if err := insert(ctx, tx, StreamTable, of(fresh, h.Streams), ""); err != nil {
			return err
		}
		// What is handed over again is known by its ids.
		if _, err := tx.NewDelete().Model((*position)(nil)).Where("node = ? AND journal <> ?", h.Node, h.Journal).
			Where("(SELECT COUNT(*) FROM history_position WHERE node = ?) >= ?", h.Node, JournalsMost).Exec(ctx); err != nil {
			return err
		}
		_, err = tx.NewInsert().Model(&position{Node: h.Node, Journal: h.Journal, Number: h.Number}).
			On("CONFLICT (node, journal) DO UPDATE").Set("number = EXCLUDED.number").Exec(ctx)
		return err
	})
}

// unknown returns the participants who are not there yet, each once.
func unknown(ctx context.Context, tx bun.Tx, all []HistoryParticipant) ([]HistoryParticipant, error) {
	known := map[string]bool{}
	for part := range slices.Chunk(all, rowsAtOnce) {
		ids := make([]string, len(part))
		for i := range part {
			ids[i] = part[i].ID
		}
		var found []string
		if err := tx.NewSelect().TableExpr(ParticipantTable).Column("id").Where("id IN (?)", bun.List(ids)).Scan(ctx, &found); err != nil {
			return nil, err
		}
		for _, id := range found {
			known[id] = true
		}
	}
	fresh := make([]HistoryParticipant, 0, len(all))
	for i := range all {
		if !known[all[i].ID] {
			known[all[i].ID] = true
			fresh = append(fresh, all[i])
		}
	}
	return fresh, nil
}

// of returns the streams of some participants.
func of(some []HistoryParticipant, all []HistoryMediaStream) (list []HistoryMediaStream) {
	ids := make(map[string]bool, len(some))
	for i := range some {
		ids[some[i].ID] = true
	}
	for i := range all {
		if ids[all[i].Participant] {
			list = append(list, all[i])
		}
	}
	return list
}

// insert adds rows; one whose key is there already is left out.
func insert[T any](ctx context.Context, tx bun.Tx, table string, rows []T, key string) error {
	for ; len(rows) > 0; rows = rows[min(len(rows), rowsAtOnce):] {
		part := rows[:min(len(rows), rowsAtOnce)]
		q := tx.NewInsert().Model(&part).ModelTableExpr(table)
		if key != "" {
			q = q.On("CONFLICT (" + key + ") DO NOTHING")
		}
		if _, err := q.Exec(ctx); err != nil {
			return err
		}
	}
	return nil
}

// forgetAtOnce bounds the rows that go in one transaction, which others wait for.
const forgetAtOnce = 5000

// Forget deletes what ended, and was changed, before a time; it returns how many rows that were.
func (s *Store) Forget(ctx context.Context, before time.Time) (n int64, err error) {
	for {
		gone, err := s.forgetParticipants(ctx, before.UTC())
		n += int64(gone)
		if err != nil {
			return n, err
		}
		if gone < forgetAtOnce {
			break
		}
	}
	for table, column := range map[string]string{ConferenceTable: "end_time", StreamTable: "end_time", AuditTable: "time", AlarmTable: "time_lowered"} {
		result, err := s.db.NewDelete().TableExpr(table).Where("? < ?", bun.Ident(column), before.UTC()).Exec(ctx)
		if err != nil {
			return n, err
		}
		if rows, err := result.RowsAffected(); err == nil {
			n += rows
		}
	}
	return n, nil
}

// forgetParticipants deletes some of those who left before a time, and returns how many.
func (s *Store) forgetParticipants(ctx context.Context, before time.Time) (int, error) {
	s.writing.Lock()
	defer s.writing.Unlock()
	var rows []HistoryParticipant
	err := s.transaction(ctx, func(ctx context.Context, tx bun.Tx) error {
		if err := tx.NewSelect().Model(&rows).ModelTableExpr(ParticipantTable).ColumnExpr("*").Where("end_time < ?", before).
			OrderExpr("end_time").Limit(forgetAtOnce).Scan(ctx); err != nil || len(rows) == 0 {
			return err
		}
		seqs := make([]int64, len(rows))
		for i := range rows {
			seqs[i] = rows[i].Seq
		}
		if _, err := tx.NewDelete().TableExpr(ParticipantTable).Where("seq IN (?)", bun.List(seqs)).Exec(ctx); err != nil {
			return err
		}
		return countValues(ctx, tx, rows, -1)
	})
	return len(rows), err
}
