package mgmt

import (
	"testing"

	"parley/mgmt/store/storetest"
)

func TestMain(m *testing.M) { storetest.Main(m) }
