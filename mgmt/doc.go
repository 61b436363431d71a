// Package mgmt is the Management Node: it keeps the configuration of a
// deployment and hands it to the nodes. It is in neither the signalling nor the
// media path.
package mgmt
