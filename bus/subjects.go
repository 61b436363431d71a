package bus

import "strconv"

// Subjects. A node may publish and subscribe to its own only; see Server.
const (
	// DeltaSubject carries every change of the configuration, as Delta.
	DeltaSubject = "parley.configuration"
	// AskSnapshot asks for the configuration; the answer is a config.Deployment.
	AskSnapshot = "snapshot"
	// AskRecords hands over Records; the answer is Acknowledged.
	AskRecords = "records"
	// AskCertificate asks for a new certificate, by a RenewRequest; the answer is a
	// RenewReply.
	AskCertificate = "certificate"
)

// StatusSubject carries the state of a node, as NodeStatus, once a second.
func StatusSubject(node int64) string { return "parley.status." + number(node) }

// AskSubject carries the questions of a node to the Management Node.
func AskSubject(node any, what string) string {
	n, ok := node.(int64)
	if !ok {
		return "parley.ask.*." + what
	}
	return "parley.ask." + number(n) + "." + what
}

// CommandSubject carries commands for a node, as Command; the answer is a Result.
func CommandSubject(node int64) string { return "parley.command." + number(node) }

// PictureSubject carries the wish to see a conference, as PictureRequest; the
// answer is a Picture. It is apart from commands, which must not wait for it.
func PictureSubject(node int64) string { return "parley.picture." + number(node) }

func inbox(node int64) string { return "_INBOX_" + number(node) }

func number(n int64) string { return strconv.FormatInt(n, 10) }
