package store

import (
	"time"

	"parley/mgmt/resource"
)

// Audit is one change of one object of the configuration, as the API shows it.
type Audit struct {
	Seq      int64     `bun:",pk,autoincrement" json:"id" readonly:"yes" doc:"Number of the entry."`
	Version  int64     `json:"version" readonly:"yes" doc:"Version of the configuration that the change made, with others of the same request."`
	Time     time.Time `json:"time" readonly:"yes" doc:"When it was made."`
	User     string    `json:"user" readonly:"yes" doc:"Account, or node that joined; empty: Parley itself."`
	Via      string    `json:"via" readonly:"yes" doc:"password, token, session (of a browser), setup (the first account), join (a node), renewal (of the certificate of a node), start (of the program) or restore (of a backup by command line)."`
	Address  string    `json:"address" readonly:"yes" doc:"Where the request came from; empty: none."`
	Op       string    `json:"op" readonly:"yes" doc:"create, update or delete."`
	Kind     string    `json:"kind" readonly:"yes" doc:"Resource of the object."`
	ObjectID int64     `json:"object_id" readonly:"yes" doc:"Its number."`
	Before   *string   `json:"before" readonly:"yes" object:"yes" doc:"What it was. Secrets are masked. null: it was not there."`
	After    *string   `json:"after" readonly:"yes" object:"yes" doc:"What it became; secrets that changed say so. null: it is gone."`
}

// AuditTable is the table of those.
const AuditTable = "audit"

// auditRows returns the rows of a transaction.
func auditRows(c resource.Commit) ([]Audit, error) {
	rows := make([]Audit, len(c.Changes))
	for i := range c.Changes {
		one := &c.Changes[i]
		before, after := one.Masked()
		was, err := body(before)
		if err != nil {
			return nil, err
		}
		is, err := body(after)
		if err != nil {
			return nil, err
		}
		rows[i] = Audit{
			Version: c.Version, Time: c.Time, User: c.By.User, Via: c.By.Via, Address: c.By.Address,
			Op: string(one.Op), Kind: one.Kind, ObjectID: one.ID, Before: was, After: is,
		}
	}
	return rows, nil
}
