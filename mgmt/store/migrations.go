package store

import (
	"context"
	"fmt"
	"strings"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/migrate"
)

// migrations are the versions of the tables, oldest first. A version that has
// been released never changes. AUTO is how the database numbers rows, TIME and
// JSON are its types; SEQ ends an index by the number of the row, which SQLite
// adds by itself; TEXT is ordered by bytes, whatever the locale of the database.
var migrations = []struct{ name, comment, up string }{
	{"20261126000001", "configuration", `
CREATE TABLE object (
	kind VARCHAR(64) NOT NULL, id BIGINT NOT NULL, body TEXT NOT NULL,
	PRIMARY KEY (kind, id)
);
CREATE TABLE last_id (kind VARCHAR(64) PRIMARY KEY, id BIGINT NOT NULL);
CREATE TABLE change (
	version BIGINT NOT NULL, part INTEGER NOT NULL,
	kind VARCHAR(64) NOT NULL, id BIGINT NOT NULL, op VARCHAR(8) NOT NULL, body TEXT,
	PRIMARY KEY (version, part)
);`},
	{"20261126000002", "history", `
CREATE TABLE history_position (
	node BIGINT NOT NULL, journal VARCHAR(64) NOT NULL, number BIGINT NOT NULL,
	PRIMARY KEY (node, journal)
);
CREATE TABLE history_conference (
	seq AUTO, id VARCHAR(36) NOT NULL, name TEXT NOT NULL, service_type TEXT NOT NULL, tag TEXT NOT NULL,
	start_time TIME NOT NULL, end_time TIME NOT NULL, duration INTEGER NOT NULL, participant_count INTEGER NOT NULL, node TEXT NOT NULL
);
CREATE UNIQUE INDEX history_conference_id ON history_conference (id);
CREATE INDEX history_conference_name ON history_conference (name);
CREATE INDEX history_conference_start ON history_conference (start_time);
CREATE INDEX history_conference_end ON history_conference (end_time);
CREATE TABLE history_participant (
	seq AUTO, id VARCHAR(36) NOT NULL, conference VARCHAR(36) NOT NULL, conference_name TEXT NOT NULL, display_name TEXT NOT NULL,
	remote_alias TEXT NOT NULL, local_alias TEXT NOT NULL, call_uuid TEXT NOT NULL, conversation_id TEXT NOT NULL, protocol TEXT NOT NULL,
	vendor TEXT NOT NULL, role TEXT NOT NULL, service_type TEXT NOT NULL, service_tag TEXT NOT NULL, call_direction TEXT NOT NULL,
	encryption TEXT NOT NULL, call_quality TEXT NOT NULL, bucketed_call_quality TEXT NOT NULL, disconnect_reason TEXT NOT NULL,
	remote_address TEXT NOT NULL, remote_port INTEGER NOT NULL, media_node TEXT NOT NULL, signalling_node TEXT NOT NULL,
	system_location TEXT NOT NULL, rx_bandwidth INTEGER NOT NULL, tx_bandwidth INTEGER NOT NULL, has_media BOOLEAN NOT NULL,
	start_time TIME NOT NULL, end_time TIME NOT NULL, duration INTEGER NOT NULL
);
CREATE UNIQUE INDEX history_participant_id ON history_participant (id);
CREATE INDEX history_participant_conference ON history_participant (conference);
CREATE INDEX history_participant_conference_name ON history_participant (conference_name);
CREATE INDEX history_participant_display_name ON history_participant (display_name);
CREATE INDEX history_participant_remote_alias ON history_participant (remote_alias);
CREATE INDEX history_participant_quality ON history_participant (call_quality);
CREATE INDEX history_participant_start ON history_participant (start_time);
CREATE INDEX history_participant_end ON history_participant (end_time);
CREATE TABLE history_media_stream (
	seq AUTO, participant VARCHAR(36) NOT NULL, type TEXT NOT NULL, node TEXT NOT NULL, start_time TIME NOT NULL, end_time TIME NOT NULL,
	rx_codec TEXT NOT NULL, rx_bitrate INTEGER NOT NULL, rx_resolution TEXT NOT NULL, rx_fps DOUBLE PRECISION NOT NULL,
	rx_packets_received BIGINT NOT NULL, rx_packets_lost BIGINT NOT NULL, rx_packet_loss DOUBLE PRECISION NOT NULL, rx_jitter DOUBLE PRECISION NOT NULL,
	tx_codec TEXT NOT NULL, tx_bitrate INTEGER NOT NULL, tx_resolution TEXT NOT NULL, tx_fps DOUBLE PRECISION NOT NULL,
	tx_packets_sent BIGINT NOT NULL, tx_packet_loss DOUBLE PRECISION NOT NULL
);
CREATE INDEX history_media_stream_participant ON history_media_stream (participant);
CREATE INDEX history_media_stream_end ON history_media_stream (end_time);`},
	{"20261126000003", "audit", `
CREATE TABLE audit (
	seq AUTO, version BIGINT NOT NULL, time TIME NOT NULL, "user" TEXT NOT NULL, via TEXT NOT NULL, address TEXT NOT NULL,
	op TEXT NOT NULL, kind TEXT NOT NULL, object_id BIGINT NOT NULL, before TEXT, after TEXT
);
CREATE INDEX audit_time ON audit (time);`},
	{"20261126000010", "search", searchIndexes + `
CREATE TABLE history_value (
	field VARCHAR(64) NOT NULL, value TEXT NOT NULL, folded TEXT NOT NULL, total BIGINT NOT NULL,
	PRIMARY KEY (field, value)
);
` + fillValues() + `
CREATE INDEX history_value_folded ON history_value (field, folded);`},
	{"20261126000011", "alarms", `
CREATE TABLE history_alarm (
	seq BIGINT PRIMARY KEY, identifier INTEGER NOT NULL, name TEXT NOT NULL, level TEXT NOT NULL, instance TEXT NOT NULL, node TEXT NOT NULL,
	details TEXT NOT NULL, time_raised TIME NOT NULL, time_lowered TIME
);
CREATE INDEX history_alarm_raised ON history_alarm (time_raised, SEQ);
CREATE INDEX history_alarm_lowered ON history_alarm (time_lowered, SEQ);`},
	{"20261126000012", "fields of the model", `
ALTER TABLE history_media_stream RENAME COLUMN type TO stream_type;
ALTER TABLE history_media_stream ADD COLUMN stream_id TEXT NOT NULL DEFAULT '';
ALTER TABLE history_media_stream ADD COLUMN tx_packets_lost BIGINT NOT NULL DEFAULT 0;
ALTER TABLE history_participant ADD COLUMN historic_call_quality TEXT NOT NULL DEFAULT '[]';`},
}

// searchIndexes hold for each value the rows by time, so that a filter by one
// value gives a list in order, and a page far down is found in the index alone.
const searchIndexes = `
DROP INDEX history_participant_start;
DROP INDEX history_participant_end;
DROP INDEX history_participant_conference;
DROP INDEX history_participant_conference_name;
DROP INDEX history_participant_display_name;
DROP INDEX history_participant_remote_alias;
DROP INDEX history_participant_quality;
CREATE INDEX history_participant_start ON history_participant (start_time, SEQ);
CREATE INDEX history_participant_end ON history_participant (end_time, start_time, SEQ);
CREATE INDEX history_participant_conference ON history_participant (conference, start_time, SEQ);
CREATE INDEX history_participant_conference_name ON history_participant (conference_name, start_time, SEQ);
CREATE INDEX history_participant_display_name ON history_participant (display_name, start_time, SEQ);
CREATE INDEX history_participant_remote_alias ON history_participant (remote_alias, start_time, SEQ);
CREATE INDEX history_participant_local_alias ON history_participant (local_alias, start_time, SEQ);
CREATE INDEX history_participant_service_tag ON history_participant (service_tag, start_time, SEQ);
CREATE INDEX history_participant_quality ON history_participant (call_quality, start_time, SEQ);
CREATE INDEX history_participant_reason ON history_participant (disconnect_reason, start_time, SEQ);
CREATE INDEX history_participant_location ON history_participant (system_location, start_time, SEQ);
CREATE INDEX history_participant_media_node ON history_participant (media_node, start_time, SEQ);
CREATE INDEX history_participant_protocol ON history_participant (protocol, start_time, SEQ);
CREATE INDEX history_participant_role ON history_participant (role, start_time, SEQ);
CREATE INDEX history_participant_vendor ON history_participant (vendor, start_time, SEQ);
CREATE INDEX history_participant_address ON history_participant (remote_address, start_time, SEQ);
CREATE INDEX history_participant_node ON history_participant (signalling_node, start_time, SEQ);
CREATE INDEX history_participant_has_media ON history_participant (has_media, start_time, SEQ);
CREATE INDEX history_participant_rx ON history_participant (rx_bandwidth, start_time, SEQ);
CREATE INDEX history_participant_tx ON history_participant (tx_bandwidth, start_time, SEQ);
CREATE INDEX history_participant_duration ON history_participant (duration, start_time, SEQ);
CREATE INDEX history_participant_conversation ON history_participant (conversation_id, start_time, SEQ);
CREATE INDEX history_participant_call ON history_participant (call_uuid, start_time, SEQ);`

// migrate brings the tables up to date.
func (s *Store) migrate(ctx context.Context) error {
	all := migrate.NewMigrations()
	for _, m := range migrations {
		all.Add(migrate.Migration{Name: m.name, Comment: m.comment, Up: func(ctx context.Context, _ *migrate.Migrator, _ *migrate.Migration) error {
			return s.db.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error { return s.execute(ctx, tx, m.up) })
		}})
	}
	migrator := migrate.NewMigrator(s.db, all, migrate.WithMarkAppliedOnSuccess(true))
	if err := migrator.Init(ctx); err != nil {
		return err
	}
	if _, err := migrator.Migrate(ctx); err != nil {
		return fmt.Errorf("migration: %w", err)
	}
	return nil
}

// execute runs statements one by one.
func (s *Store) execute(ctx context.Context, tx bun.Tx, text string) error {
	types := strings.NewReplacer("AUTO", "INTEGER PRIMARY KEY AUTOINCREMENT", "TIME", "TIMESTAMP", "JSON", "TEXT", ", SEQ", "")
	if s.postgres {
		types = strings.NewReplacer("AUTO", "BIGSERIAL PRIMARY KEY", "TIME", "TIMESTAMPTZ", "JSON", "JSONB", ", SEQ", ", seq", "TEXT", `TEXT COLLATE "C"`)
	}
	for statement := range strings.SplitSeq(types.Replace(text), ";") {
		if strings.TrimSpace(statement) == "" {
			continue
		}
		if _, err := tx.ExecContext(ctx, statement); err != nil {
			return err
		}
	}
	return nil
}
