// Package bus is what the nodes of a deployment talk by: NATS, with a server
// embedded in the Management Node, mutual TLS by the deployment's own authority,
// and the messages that go over it.
package bus
