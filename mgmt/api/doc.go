// Package api is the REST API of the Management Node: that of Pexip Infinity,
// /api/admin/{configuration,status,history,command}/v1/, with its conventions.
package api
